// Training definitions (wml-v3 b.1): what a run is made from, and its zip.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "api/conditional.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "wire/definition.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kPage = 100;
constexpr std::size_t kLargestPage = 1000;
constexpr std::size_t kPiece = 64 * 1024;

repository::TrainingDefinition find(Service& service, const Call& call) {
  auto definition = service.parts.definitions.find(call.param("id"));
  if (!definition || !sees(call.caller, definition->owner)) {
    throw Error(
        ErrorKind::NotFound,
        fmt::format("there is no training definition \"{}\"; `bx ml list training-definitions` "
                    "shows those there are",
                    printable(call.param("id"))));
  }
  const auto named = call.params.find("version");
  if (named == call.params.end() || named->second == definition->version_id) {
    return std::move(*definition);
  }
  auto version = service.parts.definitions.find(definition->id, named->second);
  if (!version) {
    throw Error(
        ErrorKind::NotFound,
        fmt::format("training definition {} has no version \"{}\"; its newest is {}, and GET "
                    "/v3/ml_assets/training_definitions/{}/versions shows all",
                    definition->id, printable(named->second), definition->version_id,
                    definition->id));
  }
  return std::move(*version);
}

wire::Definition view(const repository::TrainingDefinition& definition) {
  return {.id = definition.id,
          .version_id = definition.version_id,
          .fields = {.name = definition.name,
                     .description = definition.description,
                     .framework = definition.framework,
                     .command = definition.command,
                     .extra_json = definition.extra_json},
          .has_content = !definition.content_sha256.empty(),
          .created_at = definition.created_at,
          .modified_at = definition.modified_at};
}

// What the request asks for, as a version of `id`.
repository::TrainingDefinition read_request(Service& service, Call& call, std::string id) {
  auto request = wire::decode_definition_request(call.request.body->read_all(kMaxJsonBody));
  const TimePoint now = service.parts.clock.now();
  return {.id = std::move(id),
          .version_id = random_uuid(),
          .owner = call.user,
          .name = std::move(request.name),
          .description = std::move(request.description),
          .framework = std::move(request.framework),
          .command = std::move(request.command),
          .extra_json = std::move(request.extra_json),
          .data_reference = std::move(request.data_reference),
          .content_sha256 = "",
          .created_at = now,
          .modified_at = now};
}

http::Answer create(Service& service, Call& call) {
  const auto definition = read_request(service, call, random_uuid());
  service.parts.definitions.create(definition);
  auto response = json_response(201, wire::encode(view(definition), call.base_url));
  response.headers.add("Location", wire::definition_url(call.base_url, definition.id));
  return response;
}

http::Answer read(Service& service, Call& call) {
  return json_response(200, wire::encode(view(find(service, call)), call.base_url));
}

// Sent again it adds another version: nothing tells a repetition from the same code once more.
http::Answer add_version(Service& service, Call& call) {
  const auto newest = find(service, call);
  auto added = read_request(service, call, newest.id);
  if (added.owner != newest.owner && !added.data_reference.empty()) {
    throw Error(ErrorKind::Forbidden,
                fmt::format("training_data_reference would lend your keys to {}, whose training "
                            "definition this is: leave it out",
                            newest.owner));
  }
  added.owner = newest.owner;
  added.created_at = newest.created_at;
  added.modified_at = std::max(added.modified_at, newest.modified_at + Milliseconds(1));
  service.parts.definitions.add_version(added);
  auto response = json_response(201, wire::encode(view(added), call.base_url));
  response.headers.add("Location", wire::definition_url(call.base_url, added.id, added.version_id));
  return response;
}

http::Answer versions(Service& service, Call& call) {
  std::vector<wire::Definition> views;
  for (const auto& version : service.parts.definitions.versions(find(service, call).id)) {
    views.push_back(view(version));
  }
  return json_response(200, wire::encode_definition_list(views, call.base_url, ""));
}

http::Answer list(Service& service, Call& call) {
  const auto wanted = paging(call, kPage, kLargestPage);
  const auto page =
      service.parts.definitions.list(shown_owner(call).value_or(""), wanted.limit, wanted.start);
  std::vector<wire::Definition> views;
  for (const auto& definition : page.definitions) views.push_back(view(definition));
  const auto next = next_url(call, "/v3/ml_assets/training_definitions", wanted, page.next);
  return json_response(200, wire::encode_definition_list(views, call.base_url, next));
}

http::Answer upload(Service& service, Call& call) {
  const auto definition = find(service, call);
  auto upload = service.parts.contents.begin_upload();
  std::string piece(kPiece, '\0');
  while (const std::size_t got = call.request.body->read(piece)) {
    upload->write(std::string_view(piece).substr(0, got));
  }
  const auto stored = upload->commit();
  service.parts.definitions.set_content(definition.id, definition.version_id, stored.sha256);
  return json_response(200, wire::encode_content_answer());
}

http::Answer content(Service& service, Call& call) {
  const auto definition = find(service, call);
  if (definition.content_sha256.empty()) {
    throw Error(ErrorKind::NotFound,
                fmt::format("version {} of training definition {} has no content yet",
                            definition.version_id, definition.id));
  }
  const auto path = service.parts.contents.path(definition.content_sha256);
  http::Response response;
  response.headers.add("Content-Type", "application/zip");
  Fd file = open_file(path, O_RDONLY);
  const auto size = fs::file_size(path);
  response.body = http::FileBody{std::move(file), 0, size};
  return response;
}

http::Answer remove(Service& service, Call& call) {
  const auto definition = find(service, call);
  require_match(call.request, [&] { return read(service, call); });
  service.parts.definitions.remove(definition.id);
  return empty_response(204);
}

}  // namespace

void add_definitions(Routes& routes) {
  // Until 2018 the same thing was called an experiment (b.1).
  for (const std::string base :
       {"/v3/ml_assets/training_definitions", "/v3/ml_assets/experiments"}) {
    routes.add("POST", base, {Access::User, create});
    routes.add("GET", base, {Access::User, list});
    routes.add("GET", base + "/{id}", {Access::User, read});
    routes.add("POST", base + "/{id}", {Access::User, add_version});
    routes.add("DELETE", base + "/{id}", {Access::User, remove});
    routes.add("GET", base + "/{id}/versions", {Access::User, versions});
    routes.add("GET", base + "/{id}/versions/{version}", {Access::User, read});
    for (const std::string& path :
         {base + "/{id}/content", base + "/{id}/versions/{version}/content"}) {
      routes.add("GET", path, {Access::User, content});
      routes.add("PUT", path, {Access::User, upload});
    }
  }
}

}  // namespace trainyard::api
