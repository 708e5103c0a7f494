#include "gateway/s3_error.hpp"

#include <array>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "gateway/xml.hpp"

namespace trainyard::gateway {
namespace {

struct Row {
  S3Code code;
  std::string_view name;
  int status;
  std::string_view message;
};

using enum S3Code;

constexpr Row kRows[] = {
    {AccessDenied, "AccessDenied", 403, "Access Denied"},
    {AccessControlListNotSupported, "AccessControlListNotSupported", 400,
     "The bucket does not allow ACLs"},
    {AuthorizationHeaderMalformed, "AuthorizationHeaderMalformed", 400,
     "The authorization header that you provided is not valid."},
    {AuthorizationQueryParametersError, "AuthorizationQueryParametersError", 400,
     "The authorization query parameters that you provided are not valid."},
    {BadDigest, "BadDigest", 400, "The Content-MD5 you specified did not match what we received."},
    {BucketAlreadyOwnedByYou, "BucketAlreadyOwnedByYou", 409,
     "Your previous request to create the named bucket succeeded and you already own it."},
    {BucketNotEmpty, "BucketNotEmpty", 409, "The bucket you tried to delete is not empty"},
    {EntityTooLarge, "EntityTooLarge", 400,
     "Your proposed upload exceeds the maximum allowed size"},
    {EntityTooSmall, "EntityTooSmall", 400,
     "Your proposed upload is smaller than the minimum allowed size"},
    {IncompleteBody, "IncompleteBody", 400,
     "You did not provide the number of bytes specified by the Content-Length HTTP header"},
    {InsufficientStorage, "InsufficientStorage", 507,
     "The store has no space left for this request. Delete objects or free disk space."},
    {InternalError, "InternalError", 500, "We encountered an internal error. Please try again."},
    {InvalidAccessKeyId, "InvalidAccessKeyId", 403,
     "The AWS Access Key Id you provided does not exist in our records."},
    {InvalidArgument, "InvalidArgument", 400, "Invalid Argument"},
    {InvalidBucketName, "InvalidBucketName", 400, "The specified bucket is not valid."},
    {InvalidDigest, "InvalidDigest", 400, "The Content-MD5 you specified was invalid."},
    {InvalidLocationConstraint, "InvalidLocationConstraint", 400,
     "The specified location-constraint is not valid"},
    {InvalidPart, "InvalidPart", 400,
     "One or more of the specified parts could not be found. The part may not have been uploaded, "
     "or the specified entity tag may not match the part's entity tag."},
    {InvalidPartNumber, "InvalidPartNumber", 416, "The requested partnumber is not satisfiable"},
    {InvalidPartOrder, "InvalidPartOrder", 400,
     "The list of parts was not in ascending order. Parts must be ordered by part number."},
    {InvalidRange, "InvalidRange", 416, "The requested range is not satisfiable"},
    {InvalidRequest, "InvalidRequest", 400, "Invalid Request"},
    {InvalidStorageClass, "InvalidStorageClass", 400,
     "The storage class you specified is not valid"},
    {InvalidURI, "InvalidURI", 400, "Couldn't parse the specified URI."},
    {KeyTooLongError, "KeyTooLongError", 400, "Your key is too long"},
    {MalformedXML, "MalformedXML", 400,
     "The XML you provided was not well-formed or did not validate against our published schema"},
    {MetadataTooLarge, "MetadataTooLarge", 400,
     "Your metadata headers exceed the maximum allowed metadata size"},
    {MethodNotAllowed, "MethodNotAllowed", 405,
     "The specified method is not allowed against this resource."},
    {MissingContentLength, "MissingContentLength", 411,
     "You must provide the Content-Length HTTP header."},
    {NoSuchBucket, "NoSuchBucket", 404, "The specified bucket does not exist"},
    {NoSuchBucketPolicy, "NoSuchBucketPolicy", 404, "The bucket policy does not exist"},
    {NoSuchCORSConfiguration, "NoSuchCORSConfiguration", 404,
     "The CORS configuration does not exist"},
    {NoSuchKey, "NoSuchKey", 404, "The specified key does not exist."},
    {NoSuchLifecycleConfiguration, "NoSuchLifecycleConfiguration", 404,
     "The lifecycle configuration does not exist"},
    {NoSuchPublicAccessBlockConfiguration, "NoSuchPublicAccessBlockConfiguration", 404,
     "The public access block configuration was not found"},
    {NoSuchTagSet, "NoSuchTagSet", 404, "The TagSet does not exist"},
    {NoSuchUpload, "NoSuchUpload", 404,
     "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
     "been aborted or completed."},
    {NoSuchWebsiteConfiguration, "NoSuchWebsiteConfiguration", 404,
     "The specified bucket does not have a website configuration"},
    {NotImplemented, "NotImplemented", 501,
     "A header or query you provided implies functionality that is not implemented"},
    {ObjectLockConfigurationNotFoundError, "ObjectLockConfigurationNotFoundError", 404,
     "Object Lock configuration does not exist for this bucket"},
    {PreconditionFailed, "PreconditionFailed", 412,
     "At least one of the pre-conditions you specified did not hold"},
    {ReplicationConfigurationNotFoundError, "ReplicationConfigurationNotFoundError", 404,
     "The replication configuration was not found"},
    {RequestTimeTooSkewed, "RequestTimeTooSkewed", 403,
     "The difference between the request time and the current time is too large."},
    {RequestTimeout, "RequestTimeout", 400,
     "Your socket connection to the server was not read from or written to within the timeout "
     "period."},
    {ServerSideEncryptionConfigurationNotFoundError,
     "ServerSideEncryptionConfigurationNotFoundError", 404,
     "The server side encryption configuration was not found"},
    {SignatureDoesNotMatch, "SignatureDoesNotMatch", 403,
     "The request signature we calculated does not match the signature you provided. Check your "
     "key and signing method."},
    {SlowDown, "SlowDown", 503, "Please reduce your request rate."},
    {XAmzContentSHA256Mismatch, "XAmzContentSHA256Mismatch", 400,
     "The provided 'x-amz-content-sha256' header does not match what was computed."},
};

constexpr bool rows_follow_the_enum() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (kRows[i].code != static_cast<S3Code>(i)) return false;
  }
  return std::size(kRows) == static_cast<std::size_t>(XAmzContentSHA256Mismatch) + 1;
}
static_assert(rows_follow_the_enum());

const Row& row_of(S3Code code) { return kRows[static_cast<std::size_t>(code)]; }

ErrorKind kind_of(int status) {
  switch (status) {
    case 403:
      return ErrorKind::Forbidden;
    case 404:
      return ErrorKind::NotFound;
    case 409:
    case 412:
      return ErrorKind::Conflict;
    case 500:
      return ErrorKind::Internal;
    case 501:
      return ErrorKind::Unsupported;
    case 503:
      return ErrorKind::Unavailable;
    case 507:
      return ErrorKind::Exhausted;
    default:
      return ErrorKind::InvalidInput;
  }
}

}  // namespace

int status_of(S3Code code) { return row_of(code).status; }
std::string_view name_of(S3Code code) { return row_of(code).name; }

S3Error::S3Error(S3Code code, std::string message, Details details)
    : Error(kind_of(status_of(code)),
            message.empty() ? std::string(row_of(code).message) : std::move(message)),
      code_(code),
      details_(std::move(details)) {}

S3Error to_s3_error(const Error& error) {
  if (const auto* own = dynamic_cast<const S3Error*>(&error)) return *own;
  switch (error.kind()) {
    case ErrorKind::Timeout:
      return S3Error(RequestTimeout);
    case ErrorKind::Unavailable:
      return S3Error(IncompleteBody);
    case ErrorKind::TooLarge:
      return S3Error(EntityTooLarge, error.what());
    case ErrorKind::InvalidInput:
      return S3Error(InvalidRequest, error.what());
    case ErrorKind::Exhausted:
      return S3Error(InsufficientStorage);
    case ErrorKind::Canceled:
      return S3Error(SlowDown);
    default:
      return S3Error(InternalError);
  }
}

http::Response error_response(const http::Request& request, const Error& error) {
  const S3Error answer = to_s3_error(error);
  if (status_of(answer.code()) >= 500 && answer.code() != NotImplemented) {
    log::error("store: {} {}: {}", request.method, printable(request.raw_path), error.what());
  }
  http::Response response;
  response.status = status_of(answer.code());
  response.headers.add("x-amz-request-id", request.request_id);
  if (request.head()) return response;

  XmlWriter xml;
  xml.open("Error");
  xml.element("Code", name_of(answer.code()));
  xml.element("Message", answer.what());
  for (const auto& [name, value] : answer.details()) xml.element(name, value);
  xml.element("Resource", request.raw_path);
  xml.element("RequestId", request.request_id);
  xml.close();
  response.headers.add("Content-Type", "application/xml");
  response.body = xml.take();
  return response;
}

}  // namespace trainyard::gateway
