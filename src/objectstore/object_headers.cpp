#include "objectstore/object_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/etag.hpp"

namespace trainyard::objectstore {
namespace {

bool is_md5(const std::string& etag, const http::Headers& headers) {
  constexpr const char* kHex = "0123456789abcdefABCDEF";
  const std::string encryption = headers.get("x-amz-server-side-encryption").value_or("");
  return etag.size() == 32 && etag.find_first_not_of(kHex) == etag.npos &&
         !encryption.starts_with("aws:kms") &&
         !headers.get("x-amz-server-side-encryption-customer-algorithm") &&
         !headers.get("X-Static-Large-Object") && !headers.get("X-Object-Manifest");
}

// A part of an object comes with a checksum of that part, if with any.
std::optional<Checksum> whole_checksum(const http::Headers& headers) {
  if (headers.get("Content-Range")) return std::nullopt;
  if (const auto type = headers.get("x-amz-checksum-type")) {
    if (type_named(*type) != ChecksumType::FullObject) return std::nullopt;
  }
  for (const auto& [name, value] : headers.items()) {
    const auto algorithm = algorithm_of_header(name);
    if (algorithm && well_formed(*algorithm, value)) {
      return Checksum{*algorithm, ChecksumType::FullObject, value};
    }
  }
  return std::nullopt;
}

// "bytes 0-9/100", else the length of the body.
std::uint64_t whole_size(const http::Headers& headers) {
  const std::string range = headers.get("Content-Range").value_or("");
  if (const std::size_t slash = range.find('/'); slash != range.npos) {
    if (const auto total = parse_u64(trim(range.substr(slash + 1)))) return *total;
  }
  return parse_u64(headers.get("Content-Length").value_or("")).value_or(0);
}

}  // namespace

ObjectInfo object_info(const std::string& key, const http::Headers& headers) {
  ObjectInfo info;
  info.key = key;
  info.size = whole_size(headers);
  info.etag = without_quotes(headers.get("ETag").value_or(""));
  if (is_md5(info.etag, headers)) info.md5 = to_lower(info.etag);
  info.checksum = whole_checksum(headers);
  return info;
}

std::optional<TimePoint> parse_http_date(const std::string& text) {
  std::tm tm{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return TimePoint(std::chrono::seconds(::timegm(&tm)));
}

std::optional<Milliseconds> parse_retry_after(const http::Headers& headers) {
  constexpr std::chrono::seconds kLongest{3600};
  const std::string wish(trim(headers.get("Retry-After").value_or("")));
  if (const auto seconds = parse_u64(wish)) {
    return std::chrono::seconds(std::min<std::uint64_t>(*seconds, kLongest.count()));
  }
  const auto until = parse_http_date(wish);
  const auto now = parse_http_date(headers.get("Date").value_or(""));
  if (!until || !now) return std::nullopt;
  return std::clamp<Milliseconds>(*until - *now, Milliseconds(0), kLongest);
}

http::ClientResponse send_to(http::Client& client, http::ClientRequest request,
                             std::string_view address_key) {
  bool answered = false;
  request.on_headers = [&, on_headers = std::move(request.on_headers)](
                           int status, const http::Headers& headers) {
    answered = true;
    if (on_headers) on_headers(status, headers);
  };
  try {
    return client.send(request);
  } catch (const Error& error) {
    if (answered || error.kind() != ErrorKind::InvalidInput) throw;
    throw Error(error.kind(), fmt::format("{}; check {}", error.what(), address_key));
  }
}

Delivery::Delivery(std::string key, std::optional<ByteRange> range, std::string if_match)
    : key_(std::move(key)), range_(range), if_match_(std::move(if_match)) {}

void Delivery::on_headers(int status, const http::Headers& headers) {
  info_ = confirmed_by_any(object_info(key_, headers), headers);
  if (!if_match_.empty() && confirmed(info_).etag != if_match_) {
    throw Error(ErrorKind::Conflict, "the object was replaced meanwhile");
  }
  if (range_ && status != 206 && !(range_->offset == 0 && info_.size == range_->length)) {
    throw Error(ErrorKind::Unsupported, "the store ignores the Range of a request");
  }
  const auto length = parse_u64(headers.get("Content-Length").value_or(""));
  expected_ =
      range_ && range_->length != ByteRange::kToEnd ? std::optional(range_->length) : length;
  if (expected_ && length && *length != *expected_) {
    // What the store says is the very object, and is long enough, can only be a damaged answer.
    const bool beyond = headers.get("Content-Range") && info_.size < range_->offset + *expected_;
    const bool same = !if_match_.empty() && info_.etag == if_match_;
    throw Error(same && !beyond ? ErrorKind::Unavailable : ErrorKind::Conflict,
                fmt::format("the store sends {} of {} bytes", *length, *expected_));
  }
}

void Delivery::count(std::size_t bytes) {
  delivered_ += bytes;
  if (expected_ && delivered_ > *expected_) {
    throw Error(ErrorKind::Corrupt, "the store sent more bytes than were asked for");
  }
}

ObjectInfo Delivery::finish() const {
  if (expected_ && delivered_ != *expected_) {
    throw Error(ErrorKind::Unavailable,
                fmt::format("the answer ended after {} of {} bytes", delivered_, *expected_));
  }
  return info_;
}

std::string range_header(const ByteRange& range) {
  if (range.length == ByteRange::kToEnd) return fmt::format("bytes={}-", range.offset);
  return fmt::format("bytes={}-{}", range.offset, range.offset + range.length - 1);
}

}  // namespace trainyard::objectstore
