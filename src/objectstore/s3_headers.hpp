#pragma once
// What the headers of an S3 answer say about the object. Pure.
#include <string>

#include "http/message.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore::s3 {

// Whole size (also of an answer with a range), ETag, and the MD5 when the ETag is one: 32 hex
// digits, and not encrypted with a key of the user or the key service, for then S3 makes other
// ETags.
ObjectInfo object_info(const std::string& key, const http::Headers& headers);

}  // namespace trainyard::objectstore::s3
