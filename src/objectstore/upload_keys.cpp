#include "objectstore/upload_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/key_paths.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kLongestKey = 1024;
constexpr std::size_t kLeastRoom = 64;  // for the hash, the extension and something of the name

// S3 takes keys in UTF-8 only.
std::string escape(const std::string& path) {
  if (valid_utf8(path)) return path;
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    escaped += byte < 0x80 ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return escaped;
}

}  // namespace

std::string UploadKeys::possible(const std::string& path) const {
  if (prefix_.size() + kLeastRoom > kLongestKey) {
    throw Error(ErrorKind::TooLarge,
                "the prefix of the results leaves no room for names: a key has "
                "at most 1,024 bytes");
  }
  std::string name = escape(path);
  const std::string first = name.substr(0, name.find('/'));
  if (std::ranges::find(reserved_, first) != reserved_.end()) {
    name.insert(first.size(), short_hash(first));
  }
  return shorten(name, kLongestKey - prefix_.size());
}

std::string UploadKeys::key_of(const std::string& path,
                               const std::unordered_set<std::string>& present) {
  const auto known = changed_.find(path);
  if (known != changed_.end()) return known->second;
  const std::string wanted = possible(path);
  if (wanted == path && !taken_.contains(prefix_ + path)) return prefix_ + path;
  std::string name = wanted;
  for (unsigned n = 0; present.contains(name) || taken_.contains(prefix_ + name); ++n) {
    const std::string hash = short_hash(n == 0 ? path : path + "#" + std::to_string(n));
    name = shorten(wanted, kLongestKey - prefix_.size() - hash.size()) + hash;
  }
  taken_.insert(prefix_ + name);
  return changed_.emplace(path, prefix_ + name).first->second;
}

}  // namespace trainyard::objectstore
