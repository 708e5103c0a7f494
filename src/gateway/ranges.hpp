#pragma once
// The Range header (RFC 9110, 14) as S3 reads it: one byte range, or the whole object.
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/byte_range.hpp"

namespace trainyard::gateway {

using http::ByteRange;
using http::content_range;

// nullopt: the whole object, because the header is none, or several ranges, or not to be read.
// Throws S3Error InvalidRange when the range starts behind the end.
std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t size);

// The stricter form of x-amz-copy-source-range: "bytes=first-last", inside the object. Throws
// S3Error InvalidArgument.
ByteRange parse_copy_range(std::string_view header, std::uint64_t size);

}  // namespace trainyard::gateway
