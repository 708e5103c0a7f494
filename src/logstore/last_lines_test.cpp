#include "logstore/last_lines.hpp"

#include <gtest/gtest.h>

namespace trainyard::logstore {
namespace {

std::string last_lines(const std::string& text, std::size_t lines) {
  const auto begin = last_lines_begin(
      text.size(), lines,
      [&](std::uint64_t offset, std::size_t length) { return text.substr(offset, length); });
  return text.substr(begin);
}

TEST(LastLines, OfShortTexts) {
  EXPECT_EQ(last_lines("", 5), "");
  EXPECT_EQ(last_lines("\n", 1), "\n");
  EXPECT_EQ(last_lines("a", 1), "a");
  EXPECT_EQ(last_lines("a\n", 1), "a\n");
  EXPECT_EQ(last_lines("a\nb\nc\n", 0), "");
  EXPECT_EQ(last_lines("a\nb\nc\n", 1), "c\n");
  EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(last_lines("a\nb\nc\n", 3), "a\nb\nc\n");
  EXPECT_EQ(last_lines("a\nb\nc\n", 99), "a\nb\nc\n");
}

TEST(LastLines, ALineWithoutItsNewlineAndEmptyLinesCount) {
  EXPECT_EQ(last_lines("a\nb", 1), "b");
  EXPECT_EQ(last_lines("a\nb", 2), "a\nb");
  EXPECT_EQ(last_lines("a\n\n\n", 2), "\n\n");
  EXPECT_EQ(last_lines("\n\na", 2), "\na");
}

TEST(LastLines, AreFoundAcrossBlocksAndNotReadFurther) {
  const std::string line(100'000, 'x');
  std::string text;
  for (int i = 0; i < 20; ++i) text += line + "\n";
  std::uint64_t lowest = text.size();
  const auto begin =
      last_lines_begin(text.size(), 3, [&](std::uint64_t offset, std::size_t length) {
        lowest = std::min(lowest, offset);
        return text.substr(offset, length);
      });
  EXPECT_EQ(begin, 17u * 100'001);
  EXPECT_GT(lowest, 16u * 100'001 - 65'536) << "what stands before the lines is left alone";
}

}  // namespace
}  // namespace trainyard::logstore
