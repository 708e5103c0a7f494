#pragma once
// Which key each file of a directory gets, the same in each pass over it.
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace trainyard::objectstore {

// The prefix and the path, unless no key can be that (docs/object-storage.md): bytes that are not
// UTF-8 become "%XX", and of what is longer than 1,024 bytes the beginning and the extension stay
// around "~" and eight hex digits of its hash. A first part of the path that is `reserved` gets
// such digits, too. No two paths get the same key.
class UploadKeys {
 public:
  explicit UploadKeys(std::string prefix, std::vector<std::string> reserved = {})
      : prefix_(std::move(prefix)), reserved_(std::move(reserved)) {}
  const std::string& prefix() const { return prefix_; }
  // `present`: all paths of the directory; each has the first right to its own name. Throws
  // TooLarge when the prefix leaves no room.
  std::string key_of(const std::string& path, const std::unordered_set<std::string>& present);

 private:
  std::string possible(const std::string& path) const;

  const std::string prefix_;
  const std::vector<std::string> reserved_;
  std::unordered_map<std::string, std::string> changed_;  // by path: keys that are not its own name
  std::unordered_set<std::string> taken_;                 // by these
};

}  // namespace trainyard::objectstore
