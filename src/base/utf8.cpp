#include <algorithm>

#include "base/strings.hpp"

namespace trainyard {

namespace {

// What is at the start of a text: its length in bytes, 0 when it is not well-formed UTF-8
// (overlong forms, surrogates and values past U+10FFFF are not).
struct CodePoint {
  std::size_t length = 0;
  std::uint32_t value = 0;
};

constexpr std::uint32_t kSmallestOfLength[] = {0, 0, 0x80, 0x800, 0x10000};

CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || lead >= 0xf8 || text.size() < length) return {};
  std::uint32_t value = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    value = (value << 6) | (next & 0x3fu);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallestOfLength[length] || value > 0x10ffff || surrogate) return {};
  return {length, value};
}

bool is_control(std::uint32_t value) { return value < 0x20 || (value >= 0x7f && value < 0xa0); }

void append_escaped(std::string& to, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned char byte : bytes) {
    to += "\\x";
    to += kDigits[byte >> 4];
    to += kDigits[byte & 0x0f];
  }
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = first_code_point(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "…";
  std::string result;
  std::size_t cut_at = 0;  // the last border at which kCut still fits
  while (!text.empty()) {
    const auto [length, value] = first_code_point(text);
    const std::string_view unit = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(value)) {
      append_escaped(result, unit);
    } else {
      result += unit;
    }
    if (result.size() > limit) {
      result.resize(cut_at);
      if (kCut.size() <= limit) result += kCut;
      return result;
    }
    if (result.size() + kCut.size() <= limit) cut_at = result.size();
    text.remove_prefix(unit.size());
  }
  return result;
}

}  // namespace trainyard
