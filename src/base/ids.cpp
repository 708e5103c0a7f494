#include "base/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace trainyard {

namespace {

// Uniform over `alphabet` (at most 64 characters): bytes that would favour its start are dropped.
std::string random_from(std::string_view alphabet, std::size_t count) {
  const std::size_t usable = 256 - 256 % alphabet.size();
  std::string result;
  result.reserve(count);
  while (result.size() < count) {
    for (unsigned char byte : random_bytes(count - result.size())) {
      if (byte < usable) result += alphabet[byte % alphabet.size()];
    }
  }
  return result;
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string result(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t n = ::getrandom(result.data() + filled, count - filled, 0);
    if (n >= 0) {
      filled += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      throw_errno("read random bytes");
    }
  }
  return result;
}

std::string random_hex(std::size_t bytes) { return to_hex(random_bytes(bytes)); }

std::string random_uuid() {
  std::string raw = random_bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);  // version 4
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);  // RFC 4122 variant
  std::string text = to_hex(raw);
  for (std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

std::string random_alphanumeric(std::size_t count) {
  return random_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", count);
}

}  // namespace trainyard
