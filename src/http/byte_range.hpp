#pragma once
// The Range header (RFC 9110, 14): one range of bytes. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::http {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

// "bytes=a-b", "bytes=a-" or "bytes=-n", of which one is there at least.
struct RangeBounds {
  std::optional<std::uint64_t> first, last;
};
// nullopt for anything else, several ranges too: the header is then to be ignored.
std::optional<RangeBounds> parse_range_bounds(std::string_view header);

// The bytes of a body of `size`; nullopt when there are none (416).
std::optional<ByteRange> within(const RangeBounds& bounds, std::uint64_t size);

std::string content_range(const ByteRange& range, std::uint64_t size);  // "bytes 0-9/100"

}  // namespace trainyard::http
