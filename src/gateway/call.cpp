#include "gateway/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {

namespace {
constexpr std::size_t kMaxPage = 1000;
}

Bucket require_bucket(db::Connection& db, const std::string& name) {
  auto bucket = find_bucket(db, name);
  if (!bucket) throw S3Error(S3Code::NoSuchBucket, {}, {{"BucketName", name}});
  return *std::move(bucket);
}

ObjectRecord require_object(db::Connection& db, const Bucket& bucket, const std::string& key) {
  auto object = find_object(db, bucket, key);
  if (!object) throw S3Error(S3Code::NoSuchKey, {}, {{"Key", key}});
  return *std::move(object);
}

http::Response answer(const Call& call, int status) {
  http::Response response;
  response.status = status;
  response.headers.add("x-amz-request-id", call.request.request_id);
  return response;
}

http::Response xml_answer(const Call& call, XmlWriter& xml) {
  http::Response response = answer(call);
  response.headers.add("Content-Type", "application/xml");
  response.body = xml.take();
  return response;
}

KeyEncoding key_encoding(const Call& call) {
  const auto type = call.query("encoding-type");
  if (!type || type->empty()) return KeyEncoding::Plain;
  if (iequals(*type, "url")) return KeyEncoding::Url;
  throw S3Error(S3Code::InvalidArgument, "Invalid Encoding Method specified in Request",
                {{"ArgumentName", "encoding-type"}, {"ArgumentValue", printable(*type)}});
}

std::size_t page_size(const Call& call, std::string_view name) {
  const auto text = call.query(name);
  if (!text || text->empty()) return kMaxPage;
  const auto count = parse_u64(*text);
  if (!count || *count > std::uint64_t(std::numeric_limits<std::int32_t>::max())) {
    throw S3Error(S3Code::InvalidArgument,
                  fmt::format("Provided {} not an integer or within integer range", name),
                  {{"ArgumentName", std::string(name)}, {"ArgumentValue", printable(*text)}});
  }
  return std::min<std::size_t>(*count, kMaxPage);
}

std::optional<int> number_in_query(const Call& call, std::string_view name, int first, int last) {
  const auto text = call.query(name);
  if (!text) return std::nullopt;
  const auto number = parse_u64(*text);
  if (!number || *number < std::uint64_t(first) || *number > std::uint64_t(last)) {
    throw S3Error(
        S3Code::InvalidArgument,
        fmt::format("{} must be an integer between {} and {}, inclusive", name, first, last),
        {{"ArgumentName", std::string(name)}, {"ArgumentValue", printable(*text)}});
  }
  return int(*number);
}

void check_version(const std::optional<std::string>& version) {
  if (version && *version != "null") {
    throw S3Error(S3Code::InvalidArgument, "Invalid version id specified",
                  {{"ArgumentName", "versionId"}, {"ArgumentValue", printable(*version)}});
  }
}

void add_checksum(http::Headers& headers, const std::optional<Checksum>& checksum) {
  if (!checksum) return;
  headers.add(std::string(header_of(checksum->algorithm)), checksum->value);
  headers.add("x-amz-checksum-type", std::string(name_of(checksum->type)));
}

void write_owner(XmlWriter& xml, std::string_view element) {
  xml.open(element);
  xml.element("ID", kOwner);
  xml.element("DisplayName", kOwner);
  xml.close();
}

}  // namespace trainyard::gateway
