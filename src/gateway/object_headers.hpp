#pragma once
// The headers that are kept with an object and given back with it: the standard content headers
// and x-amz-meta-*. Requests for what this store does not do (encryption keys, tags, locks, other
// storage classes, public access) are refused here, never passed over.
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace trainyard::gateway {

// From the headers of a PUT, an initiated upload or a replacing copy. Throws S3Error
// MetadataTooLarge (2 KiB of user metadata).
http::Headers stored_headers(const http::Headers& request);

// Throws S3Error NotImplemented, InvalidStorageClass, AccessControlListNotSupported when the
// request asks for what would silently not happen.
void refuse_unsupported(const http::Headers& request);

// For the index, and back.
std::string to_text(const http::Headers& stored);
http::Headers headers_from_text(std::string_view text);

}  // namespace trainyard::gateway
