#include "objectstore/s3_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/strings.hpp"
#include "objectstore/object_headers.hpp"

namespace trainyard::objectstore::s3 {
namespace {

using Sentence = std::string (*)(const Refusal&, const Attempt&);

struct Known {
  std::string_view code;
  ErrorKind kind;
  Sentence sentence;
};

std::string who(const Attempt& a) {
  return a.access_key_id.empty() ? "without credentials one"
                                 : "access key '" + printable(a.access_key_id) + "'";
}

// What the store itself said, when it said something.
std::string quoted(const Refusal& r) {
  std::string said = r.body.code.empty() ? fmt::format("HTTP {}", r.status) : r.body.code;
  if (!r.body.message.empty()) said += ": " + r.body.message;
  return printable(said, 300);
}

std::string unknown_key(const Refusal&, const Attempt& a) {
  return fmt::format("{} does not know the access key id '{}'; check access_key_id", a.endpoint,
                     printable(a.access_key_id));
}
std::string wrong_secret(const Refusal&, const Attempt& a) {
  return fmt::format("the secret access key does not belong to access key '{}' at {}; check both",
                     printable(a.access_key_id), a.endpoint);
}
std::string expired_key(const Refusal&, const Attempt& a) {
  return fmt::format("the access key '{}' is no longer valid at {}; make a new one",
                     printable(a.access_key_id), a.endpoint);
}
std::string denied(const Refusal& r, const Attempt& a) {
  return fmt::format("{} may not {} of bucket '{}' at {} ({})", who(a), a.action, a.bucket,
                     a.endpoint, quoted(r));
}
std::string no_bucket(const Refusal&, const Attempt& a) {
  return fmt::format("there is no bucket '{}' at {}; check the bucket's name and the endpoint",
                     a.bucket, a.endpoint);
}
std::string no_key(const Refusal& r, const Attempt& a) {
  if (a.of_bucket) return no_bucket(r, a);  // a 404 without a code
  return fmt::format("cannot {} of bucket '{}' at {}: there is no such object", a.action, a.bucket,
                     a.endpoint);
}
std::string no_upload(const Refusal& r, const Attempt& a) {
  return fmt::format(
      "cannot {} of bucket '{}' at {}: its upload in parts is gone there ({}); see whether a "
      "lifecycle rule of the bucket or another client aborts unfinished uploads",
      a.action, a.bucket, a.endpoint, quoted(r));
}
std::string replaced(const Refusal&, const Attempt& a) {
  return fmt::format("cannot {} of bucket '{}': the object was replaced meanwhile", a.action,
                     a.bucket);
}
std::string wrong_region(const Refusal& r, const Attempt& a) {
  if (!r.body.region.empty() && r.body.region != a.region) {
    return fmt::format("the bucket '{}' is in region '{}' and not in '{}'; set region: {}",
                       a.bucket, printable(r.body.region), a.region, printable(r.body.region));
  }
  return fmt::format(
      "the bucket '{}' is not served at {} for region '{}' ({}); check endpoint_url "
      "and region",
      a.bucket, a.endpoint, a.region, quoted(r));
}
std::string redirected(const Refusal& r, const Attempt& a) {
  const std::string& to = r.body.endpoint.empty() ? r.location : r.body.endpoint;
  const bool elsewhere = !r.body.region.empty() && r.body.region != a.region;
  if (elsewhere || to.empty()) return wrong_region(r, a);
  return fmt::format("{} sends requests for bucket '{}' on to '{}'; use that as endpoint_url",
                     a.endpoint, a.bucket, printable(to));
}
std::string skewed(const Refusal& r, const Attempt& a) {
  return fmt::format("the clock of this machine differs too much from that of {}; set it ({})",
                     a.endpoint, quoted(r));
}
std::string other(const Refusal& r, const Attempt& a) {
  return fmt::format("cannot {} of bucket '{}' at {} ({})", a.action, a.bucket, a.endpoint,
                     quoted(r));
}

constexpr std::array kKnown = {
    Known{"InvalidAccessKeyId", ErrorKind::Unauthenticated, unknown_key},
    Known{"SignatureDoesNotMatch", ErrorKind::Unauthenticated, wrong_secret},
    Known{"ExpiredToken", ErrorKind::Unauthenticated, expired_key},
    Known{"InvalidToken", ErrorKind::Unauthenticated, expired_key},
    Known{"TokenRefreshRequired", ErrorKind::Unauthenticated, expired_key},
    Known{"AccessDenied", ErrorKind::Forbidden, denied},
    Known{"AllAccessDisabled", ErrorKind::Forbidden, denied},
    Known{"AccountProblem", ErrorKind::Forbidden, denied},
    Known{"NoSuchBucket", ErrorKind::NotFound, no_bucket},
    Known{"InvalidBucketName", ErrorKind::InvalidInput, no_bucket},
    Known{"NoSuchKey", ErrorKind::NotFound, no_key},
    Known{"NoSuchUpload", ErrorKind::NotFound, no_upload},
    Known{"PreconditionFailed", ErrorKind::Conflict, replaced},
    // The object is shorter than when it was listed.
    Known{"InvalidRange", ErrorKind::Conflict, replaced},
    Known{"AuthorizationHeaderMalformed", ErrorKind::InvalidInput, wrong_region},
    Known{"PermanentRedirect", ErrorKind::InvalidInput, redirected},
    Known{"TemporaryRedirect", ErrorKind::InvalidInput, redirected},
    Known{"IllegalLocationConstraintException", ErrorKind::InvalidInput, wrong_region},
    Known{"RequestTimeTooSkewed", ErrorKind::Unauthenticated, skewed},
    Known{"EntityTooLarge", ErrorKind::TooLarge, other},
    Known{"QuotaExceeded", ErrorKind::Exhausted, other},
    Known{"XMinioStorageFull", ErrorKind::Exhausted, other},
    Known{"InsufficientStorage", ErrorKind::Exhausted, other},
    Known{"NotImplemented", ErrorKind::Unsupported, other},
    // What a retry may mend.
    Known{"SlowDown", ErrorKind::Unavailable, other},
    Known{"InternalError", ErrorKind::Unavailable, other},
    Known{"ServiceUnavailable", ErrorKind::Unavailable, other},
    Known{"RequestTimeout", ErrorKind::Unavailable, other},
    Known{"OperationAborted", ErrorKind::Unavailable, other},
    Known{"BadDigest", ErrorKind::Unavailable, other},
    Known{"XAmzContentSHA256Mismatch", ErrorKind::Unavailable, other},
    Known{"XAmzContentChecksumMismatch", ErrorKind::Unavailable, other},  // as MinIO calls it
    Known{"IncompleteBody", ErrorKind::Unavailable, other},
};

// For answers that carry no code: HEAD has no body, and some servers send an empty one.
std::string_view code_of_status(int status) {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 302:
    case 307:
    case 308:
      return "TemporaryRedirect";
    case 401:
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 412:
      return "PreconditionFailed";
    case 416:
      return "InvalidRange";
    case 429:
      return "SlowDown";
    case 501:
      return "NotImplemented";
    case 507:
      return "InsufficientStorage";
    default:
      return status >= 500 ? "ServiceUnavailable" : "";
  }
}

// "…; the region 'us-east-1' is wrong; expecting 'eu-west-1'", where no element names it.
std::string region_in(const std::string& message) {
  constexpr std::string_view kBefore = "expecting '";
  const std::size_t at = message.find(kBefore);
  if (at == message.npos) return {};
  const std::size_t begin = at + kBefore.size();
  const std::size_t end = message.find('\'', begin);
  return end == message.npos ? std::string() : message.substr(begin, end - begin);
}

StoreError not_s3(const Refusal& r, const Attempt& a) {
  return StoreError(
      ErrorKind::InvalidInput,
      fmt::format("{} does not answer like an S3 store (HTTP {}, {}); check "
                  "endpoint_url",
                  a.endpoint, r.status,
                  r.content_type.empty() ? "no content type" : printable(r.content_type, 60)));
}

}  // namespace

Refusal read_refusal(const http::ClientResponse& response) {
  Refusal refusal;
  refusal.status = response.status;
  refusal.content_type = response.headers.get("Content-Type").value_or("");
  refusal.location = response.headers.get("Location").value_or("");
  refusal.retry_after = parse_retry_after(response.headers);
  const auto body = parse_error(response.body);
  if (body) refusal.body = *body;
  refusal.is_own = body || response.headers.get("x-amz-request-id");
  refusal.is_s3 = refusal.is_own || response.body.empty() || response.status >= 500;
  if (refusal.body.code.empty()) refusal.body.code = code_of_status(response.status);
  if (auto region = response.headers.get("x-amz-bucket-region")) refusal.body.region = *region;
  if (refusal.body.region.empty() && refusal.body.code == "AuthorizationHeaderMalformed") {
    refusal.body.region = region_in(refusal.body.message);
  }
  return refusal;
}

namespace {

StoreError translate(const Refusal& refusal, const Attempt& attempt) {
  if (!refusal.is_s3) return not_s3(refusal, attempt);
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& entry) {
    return entry.code == refusal.body.code;
  });
  if (known != kKnown.end()) {
    StoreError error(known->kind, known->sentence(refusal, attempt));
    error.retry_after = refusal.retry_after;
    error.damaged = refusal.body.code == "BadDigest" ||
                    refusal.body.code == "XAmzContentSHA256Mismatch" ||
                    refusal.body.code == "XAmzContentChecksumMismatch";
    return error;
  }
  const bool may_mend = refusal.status >= 500 || refusal.status == 408 || refusal.status == 429;
  StoreError error(may_mend ? ErrorKind::Unavailable : ErrorKind::InvalidInput,
                   other(refusal, attempt));
  error.retry_after = refusal.retry_after;
  return error;
}

}  // namespace

StoreError to_error(const Refusal& refusal, const Attempt& attempt) {
  StoreError error = translate(refusal, attempt);
  error.foreign = !refusal.is_own;
  return error;
}

}  // namespace trainyard::objectstore::s3
