#include "objectstore/swift_upload.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/swift_segments.hpp"

namespace trainyard::objectstore::swift {
namespace {

// No server takes less in one request.
constexpr std::uint64_t kSurelyTaken = 32u << 20;

// Of a static large object: over the ETags of its segments, in hex.
std::string etag_of(const std::vector<Segment>& segments) {
  std::string md5s;
  for (const Segment& segment : segments) md5s += segment.md5;
  return to_hex(digest(Digest::Md5, md5s));
}

}  // namespace

Uploader::Uploader(Client& client, Clock& clock)
    : client_(client),
      retrier_(client.options().retry, clock, client.options().retry_watch),
      segments_(client.options().segment_connections) {}

ObjectInfo Uploader::put(const std::string& key, Source& source, std::stop_token stop) {
  const auto segments =
      with_context("write '" + printable(key) + "'", [&] { return segment_size(source, stop); });
  if (segments) return put_in_segments(key, source, *segments, stop);
  Request request;
  request.action = "write '" + printable(key) + "'";
  request.key = key;
  request.stop = stop;
  const std::string md5 = to_hex(put_verified(client_, request, source));
  return {key, source.size(), md5, md5, 0};
}

std::optional<std::uint64_t> Uploader::segment_size(const Source& source, std::stop_token stop) {
  const SwiftOptions& options = client_.options();
  if (source.size() <= std::min(options.single_limit, kSurelyTaken)) return std::nullopt;
  return segment_size_for(source.size(), options, client_.limits(std::move(stop)));
}

ObjectInfo Uploader::put_in_segments(const std::string& key, Source& source, std::uint64_t size,
                                     std::stop_token stop) {
  std::vector<Segment> sent((source.size() + size - 1) / size);
  Segments segments(client_, retrier_, key);
  segments.make_container(stop);
  try {
    segments_.run(
        sent.size(),
        [&](std::size_t i, std::stop_token token) {
          SourceSlice slice(source, i * size, std::min(size, source.size() - i * size));
          sent[i] = segments.send(i, slice, token);
        },
        stop);
  } catch (...) {
    segments.remove(sent.size());
    throw;
  }
  const auto before = segments.in_use(stop);
  // From here on the object may stand, whatever the answers say, and would be one without its
  // bytes.
  ObjectInfo stored = complete(key, source.size(), sent, stop);
  segments.remove_replaced(before);
  return stored;
}

ObjectInfo Uploader::complete(const std::string& key, std::uint64_t size,
                              const std::vector<Segment>& segments, std::stop_token stop) {
  const std::string manifest = static_manifest(segments);
  const std::string expected = etag_of(segments);
  std::optional<ObjectInfo> there;
  bool asked_before = false, taken = false;
  retrier_.run(
      [&] {
        // An answer may have been lost: then the object is there.
        if (asked_before) there = look(key, stop);
        if (there && there->etag == expected) return;
        asked_before = true;
        taken = send_manifest(key, manifest, stop) == expected;
        there = look(key, stop);
      },
      stop);
  // Another upload of the key has replaced it already.
  if (taken && there && there->etag != expected) return {key, size, expected};
  if (!there || there->size != size || there->etag != expected) {
    throw Error(ErrorKind::Corrupt, "the store did not put the segments of '" + printable(key) +
                                        "' together as they were sent");
  }
  return *there;
}

std::string Uploader::send_manifest(const std::string& key, const std::string& manifest,
                                    std::stop_token stop) {
  const auto body = http::body_of(manifest);
  Request request;
  request.action = "write '" + printable(key) + "'";
  request.method = "PUT";
  request.key = key;
  request.query = {{"multipart-manifest", "put"}};
  request.body = body.get();
  request.stop = std::move(stop);
  return object_info(key, client_.send(request).headers).etag;
}

std::optional<ObjectInfo> Uploader::look(const std::string& key, std::stop_token stop) {
  Request request;
  request.action = "look at '" + printable(key) + "'";
  request.method = "HEAD";
  request.key = key;
  request.not_found_is_answer = true;
  request.stop = std::move(stop);
  const http::ClientResponse response = client_.send(request);
  if (response.status == 404) return std::nullopt;
  return confirmed(object_info(key, response.headers));
}

}  // namespace trainyard::objectstore::swift
