#include "gateway/conditions.hpp"

#include <chrono>

#include "base/strings.hpp"
#include "gateway/http_date.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

// Does a list of tags ("*", "\"a\", W/\"b\"") name this one? Tags of S3 hold no comma.
bool names(std::string_view list, const std::string& etag) {
  for (const std::string& item : split(list, ',')) {
    const std::string tag = unquote_etag(trim(item));
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

std::optional<std::string> field(const http::Headers& headers, std::string_view prefix,
                                 std::string_view name) {
  return headers.get(std::string(prefix).append(name));
}

std::optional<TimePoint> date(const http::Headers& headers, std::string_view prefix,
                              std::string_view name) {
  const auto text = field(headers, prefix, name);
  return text ? parse_http_date(*text) : std::nullopt;
}

}  // namespace

std::string unquote_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

std::string quote_etag(std::string_view etag) { return '"' + std::string(etag) + '"'; }

Condition evaluate(const http::Headers& headers, std::string_view prefix,
                   const Validators& object) {
  // Dates have whole seconds on the wire.
  const TimePoint modified = std::chrono::floor<std::chrono::seconds>(object.modified);
  if (const auto match = field(headers, prefix, "if-match")) {
    if (!names(*match, object.etag)) return Condition::Failed;
  } else if (const auto since = date(headers, prefix, "if-unmodified-since")) {
    if (modified > *since) return Condition::Failed;
  }
  if (const auto none_match = field(headers, prefix, "if-none-match")) {
    if (names(*none_match, object.etag)) return Condition::NotModified;
  } else if (const auto since = date(headers, prefix, "if-modified-since")) {
    if (modified <= *since) return Condition::NotModified;
  }
  return Condition::Holds;
}

WriteCondition write_condition(const http::Headers& headers) {
  WriteCondition out;
  if (const auto none_match = headers.get("if-none-match")) {
    if (trim(*none_match) != "*") {
      throw S3Error(S3Code::NotImplemented, "If-None-Match of a write takes only \"*\"",
                    {{"Header", "If-None-Match"}});
    }
    out.must_be_absent = true;
  }
  if (const auto match = headers.get("if-match")) out.must_be = unquote_etag(trim(*match));
  return out;
}

void check(const WriteCondition& condition, const std::optional<ObjectRecord>& current,
           const std::string& key) {
  if (condition.must_be_absent && current) {
    throw S3Error(S3Code::PreconditionFailed, {}, {{"Condition", "If-None-Match"}});
  }
  if (!condition.must_be) return;
  if (!current) throw S3Error(S3Code::NoSuchKey, {}, {{"Key", key}});
  if (*condition.must_be != "*" && *condition.must_be != current->etag) {
    throw S3Error(S3Code::PreconditionFailed, {}, {{"Condition", "If-Match"}});
  }
}

}  // namespace trainyard::gateway
