#include "base/strings.hpp"

#include <gtest/gtest.h>

#include <clocale>

#include "base/display_width.hpp"

namespace trainyard {
namespace {

using Strings = std::vector<std::string>;

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,b", ','), (Strings{"a", "b"}));
  EXPECT_EQ(split(",a,,", ','), (Strings{"", "a", "", ""}));
  EXPECT_EQ(split("", ','), (Strings{""}));
  EXPECT_EQ(split("abc", ','), (Strings{"abc"}));
}

TEST(Join, IsTheReverseOfSplit) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"", "a", ""}, ", "), ", a, ");
}

TEST(Trim, RemovesSpaceAtBothEnds) {
  EXPECT_EQ(trim(" \t\r\n a b \v\f"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Case, IsAsciiOnly) {
  EXPECT_EQ(to_lower("TensorFlow \xc3\x84"), "tensorflow \xc3\x84");
  EXPECT_TRUE(iequals("Content-Type", "content-TYPE"));
  EXPECT_FALSE(iequals("abc", "abcd"));
  EXPECT_FALSE(iequals("[", "{"));  // 32 apart, but no letters
}

TEST(PercentEncode, KeepsUnreservedCharactersOnly) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b+c%/\xc3\xa9"), "a%20b%2Bc%25%2F%C3%A9");
  EXPECT_EQ(percent_encode("/a b/", Slash::Keep), "/a%20b/");
  EXPECT_EQ(percent_encode(std::string_view("\0", 1)), "%00");
}

TEST(PercentDecode, ReadsEscapes) {
  EXPECT_EQ(percent_decode("a%20b%2b%C3%A9"), "a b+\xc3\xa9");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", Plus::Space), "a b");
  EXPECT_EQ(percent_decode("a%2Bb", Plus::Space), "a+b");
  EXPECT_EQ(percent_decode("%2541"), "%41");  // once, not twice
}

TEST(PercentDecode, RefusesBrokenEscapes) {
  for (const char* text : {"%", "%4", "a%", "%zz", "%4z", "%+1", "%-1", "% 1", "%0x41"}) {
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, UsesTheWholeText) {
  EXPECT_EQ(parse_u64("0"), 0u);
  EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_i64("-9223372036854775808"), INT64_MIN);
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "1.0", "0x10", "18446744073709551616"}) {
    EXPECT_EQ(parse_u64(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_i64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_i64("--1"), std::nullopt);
}

TEST(ShellQuote, SurvivesTheShell) {
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote("$(rm) `x` \\"), "'$(rm) `x` \\'");
}

TEST(ParseBytes, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_bytes("512"), 512u);
  EXPECT_EQ(parse_bytes("0"), 0u);
  EXPECT_EQ(parse_bytes("17 B"), 17u);
  EXPECT_EQ(parse_bytes("64k"), 65'536u);
  EXPECT_EQ(parse_bytes("10 MiB"), 10u << 20);
  EXPECT_EQ(parse_bytes(" 1 gi "), 1u << 30);
  EXPECT_EQ(parse_bytes("2GB"), 2'000'000'000u);
  EXPECT_EQ(parse_bytes("1T"), 1ull << 40);
  EXPECT_EQ(parse_bytes("16777215 TiB"), 16'777'215ull << 40);
}

TEST(ParseBytes, ReadsFractionsOfAUnit) {
  EXPECT_EQ(parse_bytes("1.5 GiB"), 3u << 29);
  EXPECT_EQ(parse_bytes("0.1 kB"), 100u);
  EXPECT_EQ(parse_bytes("1.9999 KiB"), 2'047u);
}

TEST(ParseBytes, RefusesWhatIsNoSizeOrDoesNotFit) {
  for (const char* text : {"",
                           " ",
                           "k",
                           "-1",
                           "+1",
                           "1.5",
                           "1.5 B",
                           "1.",
                           ".5k",
                           "1..5k",
                           "1.5.5k",
                           "10 MiBs",
                           "1 0",
                           "1 xB",
                           "0x10",
                           "1e3",
                           "18446744073709551616",
                           "16777216 TiB",
                           "99999999999999999 P",
                           "1.0000000000k"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
}

TEST(FormatBytes, ShowsOneDigitAfterThePoint) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(17), "17 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1 KiB");
  EXPECT_EQ(format_bytes(3u << 29), "1.5 GiB");
  EXPECT_EQ(format_bytes(10u << 20), "10 MiB");
  EXPECT_EQ(format_bytes((1u << 20) - 1), "1 MiB");  // never "1024 KiB"
  EXPECT_EQ(format_bytes(UINT64_MAX), "16 EiB");
}

TEST(EditDistance, CountsSwapsOfNeighboursAsOne) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("keras", "kreas"), 1u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2u);
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  const Strings words{"tensorflow", "pytorch", "keras", "caffe"};
  EXPECT_EQ(nearest("tensorflwo", words), "tensorflow");
  EXPECT_EQ(nearest("KERAS", words), "keras");
  EXPECT_EQ(nearest("pytoch", words), "pytorch");
  EXPECT_EQ(nearest("mxnet", words), std::nullopt);
  EXPECT_EQ(nearest("", words), std::nullopt);
  EXPECT_EQ(nearest("keras", {}), std::nullopt);
}

TEST(Nearest, TakesTheNearestAndThenTheFirst) {
  EXPECT_EQ(nearest("cmmand", {"commands", "command"}), "command");
  EXPECT_EQ(nearest("xa", {"xb", "xc"}), "xb");
}

TEST(ValidUtf8, AcceptsWellFormedTextOnly) {
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8("a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x82 \xf4\x8f\xbf\xbf"));
  for (const char* text :
       {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80", "\xff", "\xe2\x82"}) {
    EXPECT_FALSE(valid_utf8(text)) << text;
  }
}

TEST(Printable, EscapesControlsAndBrokenBytes) {
  EXPECT_EQ(printable("caf\xc3\xa9 \xf0\x9f\x9a\x82"), "caf\xc3\xa9 \xf0\x9f\x9a\x82");
  EXPECT_EQ(printable("a\n\t\x1b[0m\x7f"), "a\\x0a\\x09\\x1b[0m\\x7f");
  EXPECT_EQ(printable("\xff|\xc3|"), "\\xff|\\xc3|");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // U+009B starts terminal sequences too
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("a\u202egpj.exe"), "a\\xe2\\x80\\xaegpj.exe");  // else shown as "aexe.jpg"
  EXPECT_EQ(printable("\u2066\u200f\u2028"), "\\xe2\\x81\\xa6\\xe2\\x80\\x8f\\xe2\\x80\\xa8");
  EXPECT_EQ(printable("\U0001f469\u200d\U0001f4bb"), "\U0001f469\u200d\U0001f4bb");  // one emoji
}

TEST(Printable, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc…");
  EXPECT_EQ(printable("ab\xc3\xa9\xc3\xa9\xc3\xa9", 7), "ab\xc3\xa9…");
  EXPECT_EQ(printable("ab\n\n", 8), "ab…");
  EXPECT_EQ(printable("abc", 2), "");
  EXPECT_EQ(printable("abc", 0), "");
}

TEST(DisplayWidth, CountsTheColumnsOfATerminalInAnyLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* locale : {"C", "C.UTF-8"}) {
    std::setlocale(LC_ALL, locale);
    EXPECT_EQ(display_width(""), 0u);
    EXPECT_EQ(display_width("mnist"), 5u);
    EXPECT_EQ(display_width("caf\u00e9"), 4u);
    EXPECT_EQ(display_width("cafe\u0301"), 4u);     // e and a combining accent
    EXPECT_EQ(display_width("\ud55c\uae00"), 4u);   // Hangul
    EXPECT_EQ(display_width("\u6df1\u5ea6x"), 5u);  // CJK
    EXPECT_EQ(display_width("\U0001f600"), 2u);     // emoji
    EXPECT_EQ(display_width("\xff\xfe"), 2u);
  }
  std::setlocale(LC_ALL, before.c_str());
}

}  // namespace
}  // namespace trainyard
