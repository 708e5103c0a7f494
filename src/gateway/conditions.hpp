#pragma once
// Conditional requests (RFC 9110, 13) in S3's reading of them. Pure.
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "gateway/index.hpp"
#include "http/message.hpp"

namespace trainyard::gateway {

struct Validators {
  std::string etag;  // without quotes
  TimePoint modified;
};

// An entity tag without its quotes and without a weak mark.
std::string unquote_etag(std::string_view etag);
std::string quote_etag(std::string_view etag);

enum class Condition { Holds, NotModified, Failed };

// If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since with `prefix` before "if-"
// ("" or "x-amz-copy-source-"). A date that cannot be read is passed over.
Condition evaluate(const http::Headers& headers, std::string_view prefix, const Validators& object);

// What a write asks of the object that it replaces.
struct WriteCondition {
  bool must_be_absent = false;         // If-None-Match: *
  std::optional<std::string> must_be;  // If-Match: the unquoted tag, or "*" for any
};
// Throws S3Error NotImplemented for an If-None-Match other than "*".
WriteCondition write_condition(const http::Headers& headers);
// `current`: the object as it is; nullopt when there is none. Throws S3Error PreconditionFailed,
// NoSuchKey.
void check(const WriteCondition& condition, const std::optional<ObjectRecord>& current,
           const std::string& key);

}  // namespace trainyard::gateway
