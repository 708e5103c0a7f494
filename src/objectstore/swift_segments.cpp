#include "objectstore/swift_segments.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/source_body.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore::swift {
namespace {

constexpr std::size_t kLongestReadableKey = 900;  // leaves room for the rest of the name
constexpr std::size_t kFolderBytes = 8, kNumberDigits = 8;
constexpr std::chrono::seconds kPatience{5};  // with what is only tidying up

bool all_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == text.npos;
}

// "<key>/" of "<key>/<16 hex digits>/<8 digits>"; empty for other names.
std::string_view stem_of(std::string_view name) {
  constexpr std::size_t kRest = 2 * kFolderBytes + 1 + kNumberDigits;
  if (name.size() <= kRest + 1) return {};
  const std::string_view stem = name.substr(0, name.size() - kRest);
  const std::string_view rest = name.substr(stem.size());
  const bool ours = stem.ends_with('/') && rest[2 * kFolderBytes] == '/' &&
                    all_of(rest.substr(0, 2 * kFolderBytes), "0123456789abcdef") &&
                    all_of(rest.substr(2 * kFolderBytes + 1), "0123456789");
  return ours ? stem : std::string_view();
}

void remove_segment(Client& client, const std::string& name) {
  Request request;
  request.action = "remove a segment";
  request.method = "DELETE";
  request.container = client.segments_container();
  request.key = name;
  request.not_found_is_answer = true;
  request.total_timeout = kPatience;
  if (client.send(request).status == 200) throw_not_confirmed(name);  // Swift says 204
}

std::vector<std::string> list_segments(Client& client, const std::string& prefix,
                                       std::stop_token stop) {
  std::vector<std::string> names;
  std::string marker;
  do {
    Request request;
    request.action = "list the segments";
    request.container = client.segments_container();
    request.query = {{"format", "json"}, {"prefix", prefix}, {"marker", marker}};
    request.not_found_is_answer = true;
    request.total_timeout = kPatience;
    request.stop = stop;
    const http::ClientResponse response = client.send(request);
    if (response.status != 200) break;  // no such container, or nothing more in it
    const auto entries = parse_listing(response.body);
    marker = entries.empty() ? std::string() : entries.back().object.key;
    for (const Entry& entry : entries) names.push_back(entry.object.key);
  } while (!marker.empty());
  return names;
}

// Names in the container of the segments; those of the object that stands at the key.
std::set<std::string> used_segments(Client& client, const std::string& key, std::stop_token stop) {
  const auto ask = [&](const char* method, std::vector<std::pair<std::string, std::string>> query) {
    Request request;
    request.action = "read the manifest of '" + printable(key) + "'";
    request.method = method;
    request.key = key;
    request.query = std::move(query);
    request.not_found_is_answer = true;
    request.total_timeout = kPatience;
    request.stop = stop;
    return client.send(request);
  };
  std::set<std::string> names;
  const http::ClientResponse object = ask("HEAD", {});
  if (object.status == 404) return names;
  confirmed(object_info(key, object.headers));
  if (!object.headers.get("X-Static-Large-Object")) return names;
  const http::ClientResponse manifest = ask("GET", {{"multipart-manifest", "get"}});
  if (manifest.status == 404) throw_not_confirmed(key);  // it was there
  const std::string container = "/" + client.segments_container() + "/";
  for (const ManifestEntry& entry : parse_static_manifest(manifest.body)) {
    if (entry.path.starts_with(container)) names.insert(entry.path.substr(container.size()));
  }
  return names;
}

}  // namespace

std::string put_verified(Client& client, Request& request, Source& source) {
  const std::string md5 = md5_of(source);
  SourceBody body(source);
  request.method = "PUT";
  request.body = &body;
  request.headers.set("ETag", to_hex(md5));
  const SourceChanged changed = [&] { return md5_of(source) != md5; };
  const ObjectInfo stored = confirmed_put(
      *request.key, [&] { return client.send(request); }, changed);
  if (stored.etag != to_hex(md5)) throw_damaged(*request.key, changed);
  return md5;
}

Segments::Segments(Client& client, const Retrier& retrier, const std::string& key)
    : client_(client),
      retrier_(retrier),
      key_(key),
      stem_((key.size() <= kLongestReadableKey ? key : to_hex(digest(Digest::Sha256, key))) + "/"),
      folder_(stem_ + random_hex(kFolderBytes) + "/") {}

std::string Segments::name(std::size_t index) const {
  return fmt::format("{}{:08}", folder_, index);
}

void Segments::make_container(std::stop_token stop) {
  retrier_.run(
      [&] {
        Request request;
        request.action = "make the container of the segments";
        request.method = "PUT";
        request.container = client_.segments_container();
        request.stop = stop;
        client_.send(request);
      },
      stop);
}

Segment Segments::send(std::size_t index, Source& slice, std::stop_token stop) {
  const std::string key = name(index);
  std::string md5;
  retrier_.run(
      [&] {
        Request request;
        request.action = "write the segment '" + printable(key) + "'";
        request.container = client_.segments_container();
        request.key = key;
        request.stop = stop;
        md5 = put_verified(client_, request, slice);
      },
      stop);
  return {"/" + client_.segments_container() + "/" + key, to_hex(md5), slice.size()};
}

void Segments::remove(std::size_t count) noexcept {
  try {
    for (std::size_t i = 0; i < count; ++i) remove_segment(client_, name(i));
  } catch (const std::exception& error) {
    log::warn("segments of an upload may remain: {}", error.what());
  }
}

std::set<std::string> Segments::in_use(std::stop_token stop) {
  std::set<std::string> names;
  try {
    retrier_.run([&] { names = used_segments(client_, key_, stop); }, stop);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Canceled) throw;
    log::warn("segments of an earlier upload may remain: {}", error.what());
  }
  return names;
}

void Segments::remove_replaced(const std::set<std::string>& before) noexcept {
  if (before.empty()) return;
  try {
    const std::set<std::string> now = used_segments(client_, key_, {});
    for (const std::string& name : before) {
      if (stem_of(name) == stem_ && !now.contains(name)) remove_segment(client_, name);
    }
  } catch (const std::exception& error) {
    log::warn("segments of an earlier upload may remain: {}", error.what());
  }
}

std::uint64_t remove_unused_segments(Client& client, const std::string& prefix,
                                     std::stop_token stop) {
  std::uint64_t removed = 0;
  std::string stem;
  std::set<std::string> used;
  for (const std::string& name : list_segments(client, prefix, stop)) {
    const std::string_view its_stem = stem_of(name);
    if (its_stem.empty()) continue;  // not one of ours
    if (its_stem != stem) {
      stem = its_stem;
      used = used_segments(client, stem.substr(0, stem.size() - 1), stop);
    }
    if (used.contains(name)) continue;
    remove_segment(client, name);
    ++removed;
  }
  return removed;
}

}  // namespace trainyard::objectstore::swift
