#include "gateway/presign_v2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

// 31 December 9999: what a number of seconds may say without running over.
constexpr std::uint64_t kLastSecond = 253'402'300'799;

// Query parameters that take part in the signature.
constexpr std::array<std::string_view, 38> kSigned = {"accelerate",
                                                      "acl",
                                                      "analytics",
                                                      "cors",
                                                      "defaultObjectAcl",
                                                      "delete",
                                                      "encryption",
                                                      "inventory",
                                                      "lifecycle",
                                                      "location",
                                                      "logging",
                                                      "metrics",
                                                      "notification",
                                                      "object-lock",
                                                      "partNumber",
                                                      "policy",
                                                      "replication",
                                                      "requestPayment",
                                                      "response-cache-control",
                                                      "response-content-disposition",
                                                      "response-content-encoding",
                                                      "response-content-language",
                                                      "response-content-type",
                                                      "response-expires",
                                                      "restore",
                                                      "retention",
                                                      "select",
                                                      "select-type",
                                                      "storageClass",
                                                      "tagging",
                                                      "torrent",
                                                      "uploadId",
                                                      "uploads",
                                                      "versionId",
                                                      "versioning",
                                                      "versions",
                                                      "website",
                                                      "legal-hold"};

std::string amazon_headers(const http::Headers& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [sent_name, value] : headers.items()) {
    const std::string name = to_lower(sent_name);
    if (!name.starts_with("x-amz-")) continue;
    std::string& line = sorted[name];
    line += (line.empty() ? "" : ",") + std::string(trim(value));
  }
  std::string out;
  for (const auto& [name, value] : sorted) out += name + ':' + value + '\n';
  return out;
}

std::string resource(const http::Request& request) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : request.query.items()) {
    if (std::find(kSigned.begin(), kSigned.end(), name) == kSigned.end()) continue;
    parts.push_back(value.empty() ? name : name + '=' + value);
  }
  std::sort(parts.begin(), parts.end());
  return request.raw_path + (parts.empty() ? "" : "?") + join(parts, "&");
}

}  // namespace

std::optional<PresignedV2> parse_presigned_v2(const http::Request& request) {
  const auto access_key = request.query.get("AWSAccessKeyId");
  const auto signature = request.query.get("Signature");
  if (!access_key && !signature) return std::nullopt;
  const auto expires = request.query.get("Expires");
  const auto seconds = expires ? parse_u64(*expires) : std::nullopt;
  if (!access_key || !signature || !seconds || *seconds > kLastSecond) {
    throw S3Error(S3Code::AccessDenied,
                  "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
                  "parameters");
  }
  return PresignedV2{*access_key, *signature, *expires, TimePoint(std::chrono::seconds(*seconds))};
}

std::string string_to_sign_v2(const PresignedV2& presigned, const http::Request& request) {
  return fmt::format("{}\n{}\n{}\n{}\n{}{}", request.method,
                     request.headers.get("content-md5").value_or(""),
                     request.headers.get("content-type").value_or(""), presigned.expires,
                     amazon_headers(request.headers), resource(request));
}

void verify_presigned_v2(const PresignedV2& presigned, const http::Request& request,
                         const Secret& secret_key, TimePoint now) {
  if (now > presigned.end) throw S3Error(S3Code::AccessDenied, "Request has expired");
  const std::string text = string_to_sign_v2(presigned, request);
  const std::string expected = base64_encode(hmac(Digest::Sha1, secret_key.reveal(), text));
  if (!constant_time_equal(expected, presigned.signature)) {
    throw S3Error(S3Code::SignatureDoesNotMatch, {},
                  {{"AWSAccessKeyId", printable(presigned.access_key)},
                   {"StringToSign", text},
                   {"SignatureProvided", printable(presigned.signature)}});
  }
}

}  // namespace trainyard::gateway
