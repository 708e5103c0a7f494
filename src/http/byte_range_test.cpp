#include "http/byte_range.hpp"

#include <gtest/gtest.h>

namespace trainyard::http {
namespace {

TEST(ByteRange, IsOneRangeOrNone) {
  const auto range = [](std::string_view header, std::uint64_t size) {
    const auto bounds = parse_range_bounds(header);
    return bounds ? within(*bounds, size) : std::nullopt;
  };
  EXPECT_EQ(range("bytes=0-9", 100), (ByteRange{0, 10}));
  EXPECT_EQ(range(" Bytes= 90-200 ", 100), (ByteRange{90, 10}));
  EXPECT_EQ(range("bytes=99-", 100), (ByteRange{99, 1}));
  EXPECT_EQ(range("bytes=-5", 100), (ByteRange{95, 5}));
  EXPECT_EQ(range("bytes=-500", 100), (ByteRange{0, 100}));
  for (const char* none : {"bytes=100-", "bytes=-0"}) EXPECT_FALSE(range(none, 100)) << none;
  EXPECT_FALSE(range("bytes=-1", 0));
  for (const char* ignored : {"", "bytes=", "bytes=-", "bytes=5", "bytes=9-0", "bytes=0-1,3-4",
                              "lines=0-9", "bytes=a-b", "bytes=0-99999999999999999999"}) {
    EXPECT_FALSE(parse_range_bounds(ignored)) << ignored;
  }
  EXPECT_EQ(content_range({90, 10}, 100), "bytes 90-99/100");
}

}  // namespace
}  // namespace trainyard::http
