#pragma once
#include <map>
#include <string>

#include "base/hash.hpp"

namespace trainyard::learner {

// A zip of these files, not compressed, executable when the name ends in ".sh".
inline std::string test_zip(const std::map<std::string, std::string>& files) {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  std::string entries, directory;
  for (const auto& [name, content] : files) {
    const auto size = static_cast<std::uint32_t>(content.size());
    const auto name_size = static_cast<std::uint32_t>(name.size());
    const std::string common = number(10, 2) + number(0, 2) + number(0, 2) + number(0, 4) +
                               number(crc32(content), 4) + number(size, 4) + number(size, 4) +
                               number(name_size, 2) + number(0, 2);
    const std::uint32_t mode = 0100000 | (name.ends_with(".sh") ? 0755 : 0644);
    directory += "PK\x01\x02" + number(3 << 8 | 20, 2) + common + number(0, 2) + number(0, 2) +
                 number(0, 2) + number(mode << 16, 4) +
                 number(static_cast<std::uint32_t>(entries.size()), 4) + name;
    entries += "PK\x03\x04" + common + name + content;
  }
  const auto count = static_cast<std::uint32_t>(files.size());
  return entries + directory + "PK\x05\x06" + number(0, 4) + number(count, 2) + number(count, 2) +
         number(static_cast<std::uint32_t>(directory.size()), 4) +
         number(static_cast<std::uint32_t>(entries.size()), 4) + number(0, 2);
}

}  // namespace trainyard::learner
