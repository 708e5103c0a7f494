#include "objectstore/swift_manifest.hpp"

#include <utility>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/swift_listing.hpp"

namespace trainyard::objectstore::swift {
namespace {

using SegmentList = std::vector<ObjectSegment>;

constexpr std::size_t kMostSegments = 100'000;
constexpr unsigned kDeepest = 10;  // as far as Swift itself follows nested manifests
constexpr std::size_t kMd5Hex = 32;

// "container/key" or "container/prefix"
struct Place {
  std::string container, key;
};

Place place_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  if (slash == 0 || slash == path.npos) {
    throw Error(ErrorKind::Corrupt, "a segment has no name");
  }
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

[[noreturn]] void throw_not_of_it() {
  throw Error(ErrorKind::Conflict, "the segments do not make the object's ETag");
}

void check_count(const SegmentList& segments) {
  if (segments.size() > kMostSegments) {
    throw Error(ErrorKind::TooLarge, "the object has too many segments");
  }
}

ObjectSegment segment(std::uint64_t size, const std::string& hash) {
  return {size, hash.size() == kMd5Hex ? to_lower(hash) : std::string()};
}

class StaticManifest {
 public:
  StaticManifest(Client& client, std::stop_token stop) : client_(client), stop_(std::move(stop)) {}

  // Of the manifest at `place`, whose ETag must be `etag`, and of those inside it.
  void read(const Place& place, const std::string& etag, unsigned depth) {
    if (depth > kDeepest) throw Error(ErrorKind::TooLarge, "the manifests are nested too deeply");
    std::string etags;
    for (const ManifestEntry& entry : parse_static_manifest(get(place))) {
      etags += entry.range.empty() ? entry.hash : entry.hash + ":" + entry.range + ";";
      if (!entry.range.empty()) {
        segments.push_back({length_of_range(entry), {}});
      } else if (entry.nested) {
        read(place_of(entry.path), entry.hash, depth + 1);
      } else {
        segments.push_back(segment(entry.size, entry.hash));
      }
      check_count(segments);
    }
    if (to_hex(digest(Digest::Md5, etags)) != etag) throw_not_of_it();
  }

  SegmentList segments;

 private:
  std::string get(const Place& place) {
    Request request;
    request.action = "read the manifest of '" + printable(place.key) + "'";
    request.container = place.container;
    request.key = place.key;
    request.query = {{"multipart-manifest", "get"}};
    request.stop = stop_;
    return client_.send(request).body;
  }

  Client& client_;
  std::stop_token stop_;
};

SegmentList dynamic_segments(Client& client, const std::string& manifest, const std::string& etag,
                             std::stop_token stop) {
  const Place place = place_of(percent_decode(manifest).value_or(manifest));
  SegmentList segments;
  std::string etags, marker;
  do {
    Request request;
    request.action = "list the segments";
    request.container = place.container;
    request.query = {{"format", "json"}, {"prefix", place.key}, {"marker", marker}};
    request.stop = stop;
    const http::ClientResponse response = client.send(request);
    if (response.status == 204) break;
    const auto entries = parse_listing(response.body);
    marker = entries.empty() ? std::string() : entries.back().object.key;
    for (const Entry& entry : entries) {
      etags += entry.hash;
      segments.push_back(
          segment(entry.object.size, entry.object.segmented ? std::string() : entry.hash));
    }
    check_count(segments);
  } while (!marker.empty());
  if (to_hex(digest(Digest::Md5, etags)) != etag) throw_not_of_it();
  return segments;
}

SegmentList read_segments(Client& client, const ObjectInfo& object, const http::Headers& headers,
                          std::stop_token stop) {
  if (headers.get("X-Static-Large-Object")) {
    StaticManifest manifest(client, std::move(stop));
    manifest.read({client.options().container, object.key}, object.etag, 1);
    return std::move(manifest.segments);
  }
  const auto dynamic = headers.get("X-Object-Manifest");
  if (!dynamic) return {};
  return dynamic_segments(client, *dynamic, object.etag, std::move(stop));
}

std::uint64_t total(const SegmentList& segments) {
  std::uint64_t bytes = 0;
  for (const ObjectSegment& segment : segments) bytes += segment.size;
  return bytes;
}

}  // namespace

SegmentList segments_of(Client& client, const ObjectInfo& object, const http::Headers& headers,
                        std::stop_token stop) {
  try {
    SegmentList segments = read_segments(client, object, headers, std::move(stop));
    if (total(segments) == object.size) return segments;
  } catch (const Error& error) {
    if (error.retryable() || error.kind() == ErrorKind::Canceled) throw;
    log::debug("the segments of '{}' prove nothing: {}", printable(object.key), error.what());
  }
  return {};
}

}  // namespace trainyard::objectstore::swift
