#include <locale.h>
#include <wchar.h>

#include <algorithm>

#include "base/display_width.hpp"
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

// Unicode's Bidi_Control, the two separators that end lines, and the byte order mark: each changes
// how the text around it is shown, and shows nothing itself.
bool is_invisible_control(std::uint32_t value) {
  return value == 0x061c || value == 0x200e || value == 0x200f ||
         (value >= 0x2028 && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069) ||
         value == 0xfeff;
}

// A locale whose wcwidth() knows all of Unicode; the C library brings it along.
class UnicodeLocale {
 public:
  UnicodeLocale() {
    static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (unicode != nullptr) before_ = ::uselocale(unicode);
  }
  UnicodeLocale(const UnicodeLocale&) = delete;
  ~UnicodeLocale() {
    if (before_ != nullptr) ::uselocale(before_);
  }

 private:
  locale_t before_ = nullptr;
};

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

std::size_t display_width(std::string_view text) {
  const UnicodeLocale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [length, value] = first_code_point(text);
    const int columns = length == 0 ? 1 : ::wcwidth(static_cast<wchar_t>(value));
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);  // a terminal draws some box
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return width;
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "…";
  std::string result;
  std::size_t cut_at = 0;  // the last border at which kCut still fits
  while (!text.empty()) {
    const auto [length, value] = first_code_point(text);
    const std::string_view unit = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(value) || is_invisible_control(value)) {
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
