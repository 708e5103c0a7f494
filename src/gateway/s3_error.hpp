#pragma once
// S3's errors: codes, HTTP statuses, default messages and the XML that carries them. Source: "Error
// responses" of the Amazon S3 API reference.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "http/server.hpp"

namespace trainyard::gateway {

enum class S3Code {
  AccessDenied,
  AccessControlListNotSupported,
  AuthorizationHeaderMalformed,
  AuthorizationQueryParametersError,
  BadDigest,
  BucketAlreadyOwnedByYou,
  BucketNotEmpty,
  EntityTooLarge,
  EntityTooSmall,
  IncompleteBody,
  InsufficientStorage,
  InternalError,
  InvalidAccessKeyId,
  InvalidArgument,
  InvalidBucketName,
  InvalidDigest,
  InvalidLocationConstraint,
  InvalidPart,
  InvalidPartNumber,
  InvalidPartOrder,
  InvalidRange,
  InvalidRequest,
  InvalidStorageClass,
  InvalidURI,
  KeyTooLongError,
  MalformedXML,
  MetadataTooLarge,
  MethodNotAllowed,
  MissingContentLength,
  NoSuchBucket,
  NoSuchBucketPolicy,
  NoSuchCORSConfiguration,
  NoSuchKey,
  NoSuchLifecycleConfiguration,
  NoSuchPublicAccessBlockConfiguration,
  NoSuchTagSet,
  NoSuchUpload,
  NoSuchWebsiteConfiguration,
  NotImplemented,
  ObjectLockConfigurationNotFoundError,
  PreconditionFailed,
  ReplicationConfigurationNotFoundError,
  RequestTimeTooSkewed,
  RequestTimeout,
  ServerSideEncryptionConfigurationNotFoundError,
  SignatureDoesNotMatch,
  SlowDown,
  XAmzContentSHA256Mismatch,
};

int status_of(S3Code code);
std::string_view name_of(S3Code code);  // "NoSuchKey"

using Details = std::vector<std::pair<std::string, std::string>>;

// Thrown by every operation. An empty message is replaced by S3's usual one for the code; `details`
// become elements beside it, such as <Key>.
class S3Error : public Error {
 public:
  explicit S3Error(S3Code code, std::string message = {}, Details details = {});
  S3Code code() const noexcept { return code_; }
  const Details& details() const noexcept { return details_; }

 private:
  S3Code code_;
  Details details_;
};

// Any Error in S3's words: what the HTTP layer throws (a peer that is too slow, a body that is too
// long) and our own defects, whose text is logged and not shown.
S3Error to_s3_error(const Error& error);

// The answer for an error, body included (none for HEAD).
http::Response error_response(const http::Request& request, const Error& error);

}  // namespace trainyard::gateway
