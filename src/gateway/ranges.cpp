#include "gateway/ranges.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

struct Bounds {
  std::optional<std::uint64_t> first, last;
};

// "bytes=a-b", "bytes=a-", "bytes=-n"; nullopt for anything else.
std::optional<Bounds> parse_bounds(std::string_view text) {
  constexpr std::string_view kUnit = "bytes=";
  text = trim(text);
  if (!iequals(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text = trim(text.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = text.substr(0, dash), last = text.substr(dash + 1);
  const Bounds bounds{parse_u64(first), parse_u64(last)};
  if ((!first.empty() && !bounds.first) || (!last.empty() && !bounds.last)) return std::nullopt;
  if (!bounds.first && !bounds.last) return std::nullopt;
  return bounds;
}

}  // namespace

std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t size) {
  const auto bounds = parse_bounds(header);
  if (!bounds || (bounds->first && bounds->last && *bounds->first > *bounds->last)) {
    return std::nullopt;
  }
  const std::uint64_t first = bounds->first ? *bounds->first : size - std::min(size, *bounds->last);
  if (first >= size) {
    throw S3Error(
        S3Code::InvalidRange, {},
        {{"RangeRequested", printable(header)}, {"ActualObjectSize", std::to_string(size)}});
  }
  const std::uint64_t last =
      bounds->first && bounds->last ? std::min(*bounds->last, size - 1) : size - 1;
  return ByteRange{first, last - first + 1};
}

ByteRange parse_copy_range(std::string_view header, std::uint64_t size) {
  const auto bounds = parse_bounds(header);
  if (!bounds || !bounds->first || !bounds->last || *bounds->first > *bounds->last) {
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

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, size);
}

}  // namespace trainyard::gateway
