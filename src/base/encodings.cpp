#include "base/error.hpp"
#include "base/hash.hpp"

namespace trainyard {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> reverse_of(std::string_view alphabet) {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

constexpr auto kStandardValues = reverse_of(kStandard);
constexpr auto kUrlValues = reverse_of(kUrl);

std::string encode(std::string_view raw, std::string_view alphabet) {
  std::string text;
  text.reserve((raw.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (unsigned char byte : raw) {
    bits = (bits << 8) | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += alphabet[(bits >> count) & 0x3f];
    }
  }
  if (count > 0) text += alphabet[(bits << (6 - count)) & 0x3f];
  return text;
}

[[noreturn]] void refuse_base64() {
  throw Error(ErrorKind::InvalidInput, "the text is not valid base64");
}

// Padding may be left out, but must be right where it is given.
std::string_view without_padding(std::string_view text) {
  const std::size_t full = text.size();
  while (!text.empty() && text.back() == '=' && full - text.size() < 2) text.remove_suffix(1);
  if (text.size() != full && full % 4 != 0) refuse_base64();
  return text;
}

std::string decode(std::string_view text, const std::array<std::int8_t, 256>& values) {
  text = without_padding(text);
  if (text.size() % 4 == 1) refuse_base64();
  std::string raw;
  raw.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (unsigned char c : text) {
    if (values[c] < 0) refuse_base64();
    bits = (bits << 6) | static_cast<std::uint32_t>(values[c]);
    count += 6;
    if (count >= 8) {
      count -= 8;
      raw += static_cast<char>((bits >> count) & 0xff);
    }
  }
  // Bits left over must be zero, so that one value has one spelling.
  if ((bits & ((1u << count) - 1)) != 0) refuse_base64();
  return raw;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(std::string_view raw) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(raw.size() * 2);
  for (unsigned char byte : raw) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0x0f];
  }
  return hex;
}

std::string from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    throw Error(ErrorKind::InvalidInput, "hexadecimal text must have an even number of digits");
  }
  std::string raw;
  raw.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) {
      throw Error(ErrorKind::InvalidInput, "the text has characters that are no hex digits");
    }
    raw += static_cast<char>(high * 16 + low);
  }
  return raw;
}

std::string base64_encode(std::string_view raw) {
  std::string text = encode(raw, kStandard);
  text.resize((text.size() + 3) / 4 * 4, '=');
  return text;
}

std::string base64_decode(std::string_view text) { return decode(text, kStandardValues); }
std::string base64url_encode(std::string_view raw) { return encode(raw, kUrl); }
std::string base64url_decode(std::string_view text) { return decode(text, kUrlValues); }

}  // namespace trainyard
