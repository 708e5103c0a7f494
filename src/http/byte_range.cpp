#include "http/byte_range.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.hpp"

namespace trainyard::http {

std::optional<RangeBounds> parse_range_bounds(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  std::string_view text = trim(header);
  if (!iequals(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text = trim(text.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = text.substr(0, dash), last = text.substr(dash + 1);
  const RangeBounds bounds{parse_u64(first), parse_u64(last)};
  if ((!first.empty() && !bounds.first) || (!last.empty() && !bounds.last)) return std::nullopt;
  if (!bounds.first && !bounds.last) return std::nullopt;
  if (bounds.first && bounds.last && *bounds.first > *bounds.last) return std::nullopt;
  return bounds;
}

std::optional<ByteRange> within(const RangeBounds& bounds, std::uint64_t size) {
  const std::uint64_t first =
      bounds.first ? *bounds.first : size - std::min(size, bounds.last.value_or(0));
  if (first >= size) return std::nullopt;
  const std::uint64_t last =
      bounds.first && bounds.last ? std::min(*bounds.last, size - 1) : size - 1;
  return ByteRange{first, last - first + 1};
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, size);
}

}  // namespace trainyard::http
