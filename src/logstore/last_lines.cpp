#include "logstore/last_lines.hpp"

#include <algorithm>

namespace trainyard::logstore {

constexpr std::size_t kBlock = 64 << 10;

std::uint64_t last_lines_begin(
    std::uint64_t size, std::size_t lines,
    const std::function<std::string(std::uint64_t offset, std::size_t length)>& read) {
  if (lines == 0 || size == 0) return size;
  std::uint64_t end = size - 1;  // a newline at the very end ends the last line, and begins none
  std::size_t left = lines;
  while (end > 0) {
    const std::size_t length = std::min<std::uint64_t>(kBlock, end);
    const std::string block = read(end - length, length);
    for (std::size_t i = block.size(); i-- > 0;) {
      if (block[i] == '\n' && --left == 0) return end - length + i + 1;
    }
    end -= length;
  }
  return 0;
}

}  // namespace trainyard::logstore
