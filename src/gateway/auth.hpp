#pragma once
// Who sends a request. Every request to the store carries an AWS Signature Version 4, in its
// Authorization header or in the query of a presigned URL, or it is a URL presigned with version 2;
// there is no anonymous access.
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "http/server.hpp"
#include "objectstore/sigv4.hpp"

namespace trainyard::gateway {

// The secret of an access key; nullopt when there is no such key. Called on worker threads, many
// at once.
using CredentialLookup = std::function<std::optional<Secret>(std::string_view access_key)>;

struct Caller {
  objectstore::sigv4::Presented presented;
  Secret secret_key;  // for the signatures of chunks
};

// Throws S3Error: AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed,
// Authorization*, InvalidRequest.
Caller authenticate(const http::Request& request, const CredentialLookup& credentials,
                    TimePoint now);

}  // namespace trainyard::gateway
