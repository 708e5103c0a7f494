#include "objectstore/s3_headers.hpp"

#include "base/strings.hpp"
#include "objectstore/s3_xml.hpp"

namespace trainyard::objectstore::s3 {
namespace {

bool is_md5(const std::string& etag, const http::Headers& headers) {
  constexpr const char* kHex = "0123456789abcdefABCDEF";
  const std::string encryption = headers.get("x-amz-server-side-encryption").value_or("");
  return etag.size() == 32 && etag.find_first_not_of(kHex) == etag.npos &&
         !encryption.starts_with("aws:kms") &&
         !headers.get("x-amz-server-side-encryption-customer-algorithm");
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
  return info;
}

}  // namespace trainyard::objectstore::s3
