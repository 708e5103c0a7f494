#include "objectstore/swift_upload.hpp"

#include <fmt/format.h>

#include <algorithm>

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

constexpr std::size_t kLongestReadableKey = 900;  // leaves room for the segment's number

// Sends the source to the request's place; answers with the MD5, raw.
std::string put_verified(Client& client, Request& request, Source& source) {
  const std::string md5 = md5_of(source);
  SourceBody body(source);
  request.method = "PUT";
  request.body = &body;
  request.headers.set("ETag", to_hex(md5));
  http::ClientResponse response;
  try {
    response = client.send(request);
  } catch (const StoreError& error) {
    if (error.damaged) throw_damaged(source, md5, *request.key);
    throw;
  }
  const ObjectInfo stored = object_info(*request.key, response.headers);
  if (!stored.etag.empty() && stored.etag != to_hex(md5)) {
    throw_damaged(source, md5, *request.key);
  }
  return md5;
}

std::string segment_name(const std::string& folder, std::size_t index) {
  return fmt::format("{}/{:08}", folder, index);
}

}  // namespace

Uploader::Uploader(Client& client, Clock& clock)
    : client_(client),
      retrier_(client.options().retry, clock),
      segments_(client.options().segment_connections) {}

ObjectInfo Uploader::put(const std::string& key, Source& source, std::stop_token stop) {
  if (source.size() > client_.options().single_limit) return put_in_segments(key, source, stop);
  Request request;
  request.action = "write '" + printable(key) + "'";
  request.key = key;
  request.stop = stop;
  const std::string md5 = to_hex(put_verified(client_, request, source));
  return {key, source.size(), md5, md5, 0};
}

ObjectInfo Uploader::put_in_segments(const std::string& key, Source& source, std::stop_token stop) {
  const std::uint64_t size = client_.options().segment_size;
  std::vector<Segment> segments((source.size() + size - 1) / size);
  const std::string folder =
      (key.size() <= kLongestReadableKey ? key : to_hex(digest(Digest::Sha256, key))) + "/" +
      random_hex(8);
  make_segments_container(stop);
  try {
    segments_.run(
        segments.size(),
        [&](std::size_t i, std::stop_token token) {
          segments[i] = send_segment(segment_name(folder, i), source, i * size, token);
        },
        stop);
    return complete(key, source.size(), segments, stop);
  } catch (...) {
    remove_segments(folder, segments.size());
    throw;
  }
}

void Uploader::make_segments_container(std::stop_token stop) {
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

Segment Uploader::send_segment(const std::string& name, Source& source, std::uint64_t offset,
                               std::stop_token stop) {
  SourceSlice slice(source, offset,
                    std::min(client_.options().segment_size, source.size() - offset));
  std::string md5;
  retrier_.run(
      [&] {
        Request request;
        request.action = "write the segment '" + printable(name) + "'";
        request.container = client_.segments_container();
        request.key = name;
        request.stop = stop;
        md5 = put_verified(client_, request, slice);
      },
      stop);
  return {"/" + client_.segments_container() + "/" + name, to_hex(md5), slice.size()};
}

ObjectInfo Uploader::complete(const std::string& key, std::uint64_t size,
                              const std::vector<Segment>& segments, std::stop_token stop) {
  const std::string manifest = static_manifest(segments);
  ObjectInfo there;
  retrier_.run(
      [&] {
        const auto body = http::body_of(manifest);
        Request request;
        request.action = "write '" + printable(key) + "'";
        request.method = "PUT";
        request.key = key;
        request.query = {{"multipart-manifest", "put"}};
        request.body = body.get();
        request.stop = stop;
        client_.send(request);
        Request look;
        look.action = "look at '" + printable(key) + "'";
        look.method = "HEAD";
        look.key = key;
        look.stop = stop;
        there = object_info(key, client_.send(look).headers);
      },
      stop);
  if (there.size != size) {
    throw Error(ErrorKind::Corrupt, "the store did not put the segments of '" + printable(key) +
                                        "' together as they were sent");
  }
  return there;
}

void Uploader::remove_segments(const std::string& folder, std::size_t count) noexcept {
  try {
    for (std::size_t i = 0; i < count; ++i) {
      Request request;
      request.action = "remove a segment";
      request.method = "DELETE";
      request.container = client_.segments_container();
      request.key = segment_name(folder, i);
      request.not_found_is_answer = true;
      request.total_timeout = std::chrono::seconds(5);
      client_.send(request);
    }
  } catch (const std::exception& error) {
    log::warn("segments of an upload may remain: {}", error.what());
  }
}

}  // namespace trainyard::objectstore::swift
