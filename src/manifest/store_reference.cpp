#include "manifest/store_reference.hpp"

#include <fmt/format.h>

#include <array>

#include "base/strings.hpp"
#include "manifest/endpoint.hpp"
#include "manifest/store_types.hpp"
#include "model/swift_auth.hpp"

namespace trainyard::manifest {
namespace {

struct StoreType {
  StoreKind kind = StoreKind::S3;
  std::string word;    // as written; empty: concluded from the keys
  bool given = false;  // also when it is a word that was reported
};

// The type may stand beside the connection, under the bucket or in the connection; where it stands
// more than once it must mean one thing.
StoreType read_type(const std::vector<const MappingReader*>& places) {
  StoreType type;
  for (const auto* place : places) {
    const auto word = to_lower(trim(place->text("type")));
    const auto kind = store_kind(word);
    type.given = type.given || kind || place->faulty("type");
    if (!kind) continue;
    if (!type.word.empty() && *kind != type.kind) {
      place->problems().error(place->at("type"), place->path("type"),
                              fmt::format("says {}, and {} stands elsewhere", word, type.word));
    }
    type.kind = *kind;
    type.word = word;
  }
  return type;
}

bool has_keystone_keys(const MappingReader& connection) {
  return connection.find("project_id") != nullptr || connection.find("domain_name") != nullptr;
}

StoreType store_type(const std::vector<const MappingReader*>& places,
                     const MappingReader& connection) {
  auto type = read_type(places);
  if (!type.word.empty()) {
    if (type.kind == StoreKind::S3 && has_keystone_keys(connection)) {
      connection.problems().error(
          connection.at(), connection.path(),
          fmt::format("the type is {}, and project_id or domain_name belong to bluemix_objectstore",
                      type.word));
    }
    return type;
  }
  if (type.given) return type;
  type.kind = has_keystone_keys(connection) ? StoreKind::Swift : StoreKind::S3;
  connection.problems().add(Severity::Note, connection.at(), connection.path(),
                            fmt::format("no type is given; taken as {}",
                                        type.kind == StoreKind::S3 ? "s3" : "bluemix_objectstore"));
  return type;
}

std::string endpoint_of(const MappingReader& connection) {
  if (connection.find("endpoint_url") == nullptr) return {};
  const auto endpoint = read_endpoint(connection.text("endpoint_url"));
  auto& problems = connection.problems();
  const auto path = connection.path("endpoint_url");
  if (!endpoint.problem.empty()) {
    problems.error(connection.at("endpoint_url"), path, endpoint.problem);
  } else if (!endpoint.assumed.empty() && problems.source() == Source::File) {
    problems.add(Severity::Note, connection.at("endpoint_url"), path,
                 fmt::format("no scheme is given; {} is taken", endpoint.url));
  }
  return endpoint.url;
}

// Both, or neither where the table allows it: a public bucket.
void check_keys(MappingReader& connection) {
  const bool meant = connection.meant("access_key_id") || connection.meant("secret_access_key");
  for (const auto name : {"access_key_id", "secret_access_key"}) {
    if (meant) connection.require(name, "belongs to the other key");
  }
  if (meant) return;
  connection.problems().add(Severity::Note, connection.at(), connection.path(),
                            "no keys are given; taken as a public bucket");
}

model::S3Connection s3_connection(MappingReader& connection) {
  check_keys(connection);
  return {.endpoint_url = endpoint_of(connection),
          .access_key_id = std::string(trim(connection.text("access_key_id"))),
          .secret_access_key = Secret(std::string(trim(connection.text("secret_access_key")))),
          .region = std::string(trim(connection.text("region")))};
}

model::SwiftConnection swift_connection(MappingReader& connection) {
  for (const auto name : {"access_key_id", "secret_access_key"}) {
    connection.require(name, "bluemix_objectstore needs");
  }
  if (!model::is_version_one_auth(trim(connection.text("endpoint_url")))) {
    for (const auto name : {"region", "domain_name", "project_id"}) {
      connection.require(name, "bluemix_objectstore needs");
    }
  }
  return {.auth_url = endpoint_of(connection),
          .user_name = std::string(trim(connection.text("access_key_id"))),
          .password = Secret(connection.text("secret_access_key")),
          .region = std::string(trim(connection.text("region"))),
          .domain_name = std::string(trim(connection.text("domain_name"))),
          .project_id = std::string(trim(connection.text("project_id")))};
}

std::string read_bucket(const MappingReader& place) {
  constexpr std::size_t kLongestName = 255;
  const std::string name(trim(place.text("bucket")));
  auto& problems = place.problems();
  if (name.find('/') != name.npos) {
    problems.error(place.at("bucket"), place.path("bucket"),
                   fmt::format("expected a bucket's name, found \"{}\"", printable(name, 60)),
                   "a part of a bucket is named with \"prefix\" beside it");
  } else if (name.size() > kLongestName) {
    problems.error(
        place.at("bucket"), place.path("bucket"),
        fmt::format("{} bytes long; a bucket's name has at most {}", name.size(), kLongestName));
  }
  return name;
}

// Taken from an answer, which shows no key.
void check_unmasked(const MappingReader& connection) {
  constexpr std::string_view kKey = "secret_access_key";
  if (trim(connection.text(kKey)) != "***") return;
  connection.problems().error(connection.at(kKey), connection.path(kKey),
                              "expected the key, found \"***\", which answers show in its place");
}

model::StoreReference read(const MappingReader& reference, std::string_view place_name) {
  model::StoreReference result;
  auto connection = reference.section("connection");
  const auto place = reference.section(place_name);
  if (place) {
    result.bucket = read_bucket(*place);
    result.prefix = place->text("prefix");
  }
  if (!connection) return result;
  check_unmasked(*connection);

  std::vector<const MappingReader*> places{&reference, &*connection};
  if (place) places.push_back(&*place);
  const auto type = store_type(places, *connection);
  if (type.kind == StoreKind::S3) {
    result.connection = s3_connection(*connection);
  } else {
    result.connection = swift_connection(*connection);
  }
  return result;
}

}  // namespace

model::StoreReference read_reference(const MappingReader& reference, std::string_view place) {
  auto result = read(reference, place);
  result.label = reference.text("name");
  return result;
}

model::StoreReference read_ffdl_reference(const MappingReader& store, std::string_view place) {
  auto result = read(store, place);
  result.label = store.text("id");
  return result;
}

}  // namespace trainyard::manifest
