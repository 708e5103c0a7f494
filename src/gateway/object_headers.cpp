#include "gateway/object_headers.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

constexpr std::size_t kMaxUserMetadata = 2048;
constexpr std::string_view kMeta = "x-amz-meta-";
constexpr std::array<std::string_view, 6> kKept = {"content-type",        "content-encoding",
                                                   "content-disposition", "content-language",
                                                   "cache-control",       "expires"};
constexpr std::array<std::string_view, 10> kNotOffered = {
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-object-lock-",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-grant-",
    "x-amz-write-offset-bytes",
    "x-amz-mfa",
    "x-amz-rename-source"};

// The transfer's own encoding is not the object's.
std::string without_aws_chunked(std::string_view value) {
  std::vector<std::string> kept;
  for (const std::string& coding : split(value, ',')) {
    if (!iequals(trim(coding), "aws-chunked") && !trim(coding).empty()) {
      kept.emplace_back(trim(coding));
    }
  }
  return join(kept, ",");
}

}  // namespace

http::Headers stored_headers(const http::Headers& request) {
  http::Headers out;
  std::size_t metadata = 0;
  for (const auto& [sent_name, sent_value] : request.items()) {
    const std::string name = to_lower(sent_name);
    std::string value(trim(sent_value));
    if (name.starts_with(kMeta)) {
      metadata += name.size() - kMeta.size() + value.size();
      out.add(name, value);
    } else if (std::find(kKept.begin(), kKept.end(), name) != kKept.end()) {
      if (name == "content-encoding") value = without_aws_chunked(value);
      if (!value.empty()) out.set(name, value);
    }
  }
  if (metadata > kMaxUserMetadata) {
    throw S3Error(
        S3Code::MetadataTooLarge, {},
        {{"Size", std::to_string(metadata)}, {"MaxSizeAllowed", std::to_string(kMaxUserMetadata)}});
  }
  if (!out.get("content-type")) out.add("content-type", "binary/octet-stream");
  return out;
}

void refuse_unsupported(const http::Headers& request) {
  for (const auto& [sent_name, value] : request.items()) {
    const std::string name = to_lower(sent_name);
    if (!name.starts_with("x-amz-")) continue;
    if (name == "x-amz-storage-class" && value != "STANDARD") {
      throw S3Error(S3Code::InvalidStorageClass, {}, {{"StorageClassRequested", value}});
    }
    if (name == "x-amz-acl" && value != "private" && value != "bucket-owner-full-control") {
      throw S3Error(S3Code::AccessControlListNotSupported);
    }
    if (name == "x-amz-object-ownership" && value != "BucketOwnerEnforced") {
      throw S3Error(S3Code::AccessControlListNotSupported);
    }
    for (const std::string_view refused : kNotOffered) {
      if (name.starts_with(refused)) {
        throw S3Error(S3Code::NotImplemented, {}, {{"Header", name}});
      }
    }
  }
}

// "name:value\n"; neither holds a line end, HTTP does not let one through.
std::string to_text(const http::Headers& stored) {
  std::string out;
  for (const auto& [name, value] : stored.items()) out += name + ':' + value + '\n';
  return out;
}

http::Headers headers_from_text(std::string_view text) {
  http::Headers out;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) out.add(line.substr(0, colon), line.substr(colon + 1));
  }
  return out;
}

}  // namespace trainyard::gateway
