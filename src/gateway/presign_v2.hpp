#pragma once
// URLs that were presigned with AWS Signature Version 2
// ("?AWSAccessKeyId=…&Expires=…&Signature=…"). Today's AWS command line and boto3 still make them
// for every endpoint that is not AWS's own; in headers they sign with version 4, and so only this
// form is taken. Source: "Signing and Authenticating REST Requests" of the Amazon S3 user guide.
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "http/server.hpp"

namespace trainyard::gateway {

struct PresignedV2 {
  std::string access_key;
  std::string signature;  // base64
  std::string expires;    // seconds since 1970, as sent
  TimePoint end;          // the same
};

// nullopt: the request is none of these. Throws S3Error AccessDenied when it cannot be read.
std::optional<PresignedV2> parse_presigned_v2(const http::Request& request);

// What is signed, with a line for each of method, Content-MD5, Content-Type, Expires, x-amz-*
// headers, and the path with the sub-resources.
std::string string_to_sign_v2(const PresignedV2& presigned, const http::Request& request);

// Throws S3Error AccessDenied (expired), SignatureDoesNotMatch.
void verify_presigned_v2(const PresignedV2& presigned, const http::Request& request,
                         const Secret& secret_key, TimePoint now);

}  // namespace trainyard::gateway
