#pragma once
// Which operation a request asks for: by method, by what it names (service, bucket, object) and by
// the sub-resource in its query. Pure.
#include "gateway/operations.hpp"

namespace trainyard::gateway {

// Throws S3Error MethodNotAllowed; operations that S3 has and this store has not are
// not_implemented.
Operation route(const http::Request& request, const Resource& resource);

}  // namespace trainyard::gateway
