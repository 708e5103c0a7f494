#include "gateway/auth.hpp"

#include <utility>

#include "base/strings.hpp"
#include "gateway/presign_v2.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

namespace sigv4 = objectstore::sigv4;
using sigv4::Refusal;

S3Code code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::Anonymous:
    case Refusal::HeadersNotSigned:
    case Refusal::NotYetValid:
    case Refusal::Expired:
      return S3Code::AccessDenied;
    case Refusal::OtherMechanism:
    case Refusal::MissingPayloadHash:
      return S3Code::InvalidRequest;
    case Refusal::MalformedHeader:
      return S3Code::AuthorizationHeaderMalformed;
    case Refusal::MalformedQuery:
      return S3Code::AuthorizationQueryParametersError;
    case Refusal::ClockSkew:
      return S3Code::RequestTimeTooSkewed;
    case Refusal::Mismatch:
      return S3Code::SignatureDoesNotMatch;
  }
  return S3Code::AccessDenied;
}

// What lets the author of a client find the difference.
Details mismatch_details(const sigv4::Presented& presented, const sigv4::Message& message) {
  const std::string canonical =
      sigv4::canonical_request(message, presented.signed_headers, presented.payload_hash);
  return {{"AWSAccessKeyId", presented.access_key},
          {"StringToSign", sigv4::string_to_sign(presented, canonical)},
          {"SignatureProvided", presented.signature},
          {"CanonicalRequest", canonical}};
}

// What the API's answers show in place of a storage key. Clients of the old service sign with the
// keys of an answer.
bool signed_with_mask(const sigv4::Presented& presented, const sigv4::Message& message,
                      TimePoint now) {
  try {
    sigv4::verify(presented, message, Secret("***"), now);
    return true;
  } catch (const sigv4::Refused&) {
    return false;
  }
}

S3Error mismatch(const sigv4::Presented& presented, const sigv4::Message& message, TimePoint now,
                 std::string reason) {
  if (signed_with_mask(presented, message, now)) {
    reason =
        "The request is signed with ***, which the service's answers show in place of a storage "
        "key: start the service with --echo-secrets true for clients that read results with the "
        "keys of its answers, or give them keys of their own.";
  }
  return S3Error(S3Code::SignatureDoesNotMatch, std::move(reason),
                 mismatch_details(presented, message));
}

Secret secret_of(const std::string& access_key, const CredentialLookup& credentials) {
  auto secret_key = credentials(access_key);
  if (!secret_key) {
    throw S3Error(S3Code::InvalidAccessKeyId, {}, {{"AWSAccessKeyId", printable(access_key)}});
  }
  return *std::move(secret_key);
}

Caller authenticate_v4(const http::Request& request, const CredentialLookup& credentials,
                       TimePoint now) {
  const sigv4::Message message{request.method, request.raw_path, request.raw_query,
                               request.headers};
  Caller caller;
  try {
    caller.presented = sigv4::parse(message);
    caller.secret_key = secret_of(caller.presented.access_key, credentials);
    sigv4::verify(caller.presented, message, caller.secret_key, now);
    return caller;
  } catch (const sigv4::Refused& refused) {
    if (refused.refusal() == Refusal::Mismatch) {
      throw mismatch(caller.presented, message, now, refused.what());
    }
    throw S3Error(code_of(refused.refusal()), refused.what());
  }
}

}  // namespace

Caller authenticate(const http::Request& request, const CredentialLookup& credentials,
                    TimePoint now) {
  if (const auto presigned = parse_presigned_v2(request)) {
    Caller caller;
    caller.presented.access_key = presigned->access_key;
    caller.presented.payload_hash = sigv4::kUnsignedPayload;
    caller.secret_key = secret_of(presigned->access_key, credentials);
    verify_presigned_v2(*presigned, request, caller.secret_key, now);
    return caller;
  }
  return authenticate_v4(request, credentials, now);
}

}  // namespace trainyard::gateway
