#pragma once
// What the headers of an answer, of S3 or Swift, say about the object, and whether its body is what
// was asked for.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/client.hpp"
#include "http/message.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// Whole size (also of an answer with a range), ETag, the checksum of the whole object if there is
// one, and the MD5 when the ETag is one: 32 hex digits, not of an object that S3 encrypted with a
// key of the user or of the key service, nor of a large object of Swift, for their ETags are of
// another sort.
ObjectInfo object_info(const std::string& key, const http::Headers& headers);

// "Tue, 15 Nov 1994 08:12:31 GMT"
std::optional<TimePoint> parse_http_date(const std::string& text);

// How long the store asks to wait, an hour at most: Retry-After in seconds, or as a date by the
// clock of the answer's own Date.
std::optional<Milliseconds> parse_retry_after(const http::Headers& headers);

// Sends a request of a store. What the client cannot take for HTTP at all, before an answer began,
// is the fault of the address: the key of the manifest that gave it is named, "endpoint_url".
http::ClientResponse send_to(http::Client& client, http::ClientRequest request,
                             std::string_view address_key);

// One answer to a read: checks that it is of the object and the range that were asked for, and that
// all of it comes.
class Delivery {
 public:
  Delivery(std::string key, std::optional<ByteRange> range, std::string if_match);
  // Before the first byte. Throws Conflict (another object, or too short), Unsupported (the store
  // ignores ranges), Unavailable (a damaged answer).
  void on_headers(int status, const http::Headers& headers);
  void count(std::size_t bytes);  // throws Corrupt at more bytes than there should be
  ObjectInfo finish() const;      // throws Unavailable at fewer

 private:
  std::string key_;
  std::optional<ByteRange> range_;
  std::string if_match_;
  ObjectInfo info_;
  std::optional<std::uint64_t> expected_;
  std::uint64_t delivered_ = 0;
};

// Sends a read, and gives its bytes to `sink` as they come.
template <typename Client, typename Request>
ObjectInfo deliver(Client& client, Request& request, Delivery& delivery, const Sink& sink) {
  request.on_headers = [&](int status, const http::Headers& headers) {
    delivery.on_headers(status, headers);
  };
  request.sink = [&](std::string_view bytes) {
    delivery.count(bytes.size());
    sink(bytes);
  };
  client.send(request);
  return with_context(request.action, [&] { return delivery.finish(); });
}

// "bytes=0-9" or "bytes=10-"
std::string range_header(const ByteRange& range);

}  // namespace trainyard::objectstore
