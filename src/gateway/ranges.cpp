#include "gateway/ranges.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t size) {
  const auto bounds = http::parse_range_bounds(header);
  if (!bounds) return std::nullopt;
  if (const auto range = http::within(*bounds, size)) return range;
  throw S3Error(
      S3Code::InvalidRange, {},
      {{"RangeRequested", printable(header)}, {"ActualObjectSize", std::to_string(size)}});
}

ByteRange parse_copy_range(std::string_view header, std::uint64_t size) {
  const auto bounds = http::parse_range_bounds(header);
  if (!bounds || !bounds->first || !bounds->last) {
    throw S3Error(S3Code::InvalidArgument,
                  "The x-amz-copy-source-range value must be of the form bytes=first-last where "
                  "first and last are the zero-based offsets of the first and last bytes to copy");
  }
  if (*bounds->last >= size) {
    throw S3Error(S3Code::InvalidArgument,
                  fmt::format("Range specified is not valid for source object of size: {}", size));
  }
  return {*bounds->first, *bounds->last - *bounds->first + 1};
}

}  // namespace trainyard::gateway
