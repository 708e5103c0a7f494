#include "objectstore/check_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <string_view>

#include "base/directory_stream.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

class TreeCheck {
 public:
  explicit TreeCheck(const fs::path& root)
      : root_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  std::optional<std::string> file(const std::string& path, std::uint64_t size) {
    const std::size_t slash = path.rfind('/');
    const bool in_root = slash == path.npos;
    if (!in_root) enter(std::string_view(path).substr(0, slash));
    const int directory = in_root ? root_.get() : directory_.get();
    struct stat status {};
    const char* name = path.c_str() + (in_root ? 0 : slash + 1);
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return fmt::format("'{}' is missing", printable(path));
    }
    if (!S_ISREG(status.st_mode)) return fmt::format("'{}' is no file", printable(path));
    const auto found = static_cast<std::uint64_t>(status.st_size);
    if (found == size) return std::nullopt;
    return fmt::format("'{}' has {} bytes instead of {}", printable(path), found, size);
  }

  // Of a directory below the root; "." is the root. 0 when it is none.
  std::size_t count_entries(const char* path) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const auto stream = read_directory(Fd(::openat(root_.get(), path, kFlags)));
    std::size_t entries = 0;
    while (stream && next_name(stream.get()) != nullptr) ++entries;
    return entries;
  }

 private:
  // Files of one directory mostly follow each other: they are looked up in it, not from the root.
  void enter(std::string_view parent) {
    if (directory_ && parent == parent_) return;
    parent_ = parent;
    directory_ = Fd(::openat(root_.get(), parent_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  Fd root_;
  Fd directory_;
  std::string parent_;  // whose descriptor directory_ is
};

}  // namespace

std::optional<std::string> find_damage(const fs::path& root, const Listing& listing,
                                       const KeyPaths& places) {
  TreeCheck check(root);
  std::size_t expected = places.directories().size();
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const std::string path(places.path(i));
    if (path.empty()) continue;
    if (auto damage = check.file(path, listing[i].size())) return damage;
    ++expected;
  }
  std::size_t found = check.count_entries(".");
  for (const std::string& directory : places.directories()) {
    found += check.count_entries(directory.c_str());
  }
  if (found == expected) return std::nullopt;
  return fmt::format("it has {} files and directories instead of {}", found, expected);
}

}  // namespace trainyard::objectstore
