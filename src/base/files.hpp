#pragma once
// Small file helpers. All throw Error (context names the path).
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace trainyard {

namespace fs = std::filesystem;

// A directory of its own below `parent` (default: the system's), removed with its contents.
class TempDir {
 public:
  explicit TempDir(std::string_view prefix = "trainyard-", const fs::path& parent = {});
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const fs::path& path() const noexcept { return path_; }
  fs::path release() noexcept;  // gives up ownership; the directory stays

 private:
  fs::path path_;
};

// Opens with O_CLOEXEC.
Fd open_file(const fs::path& path, int flags, mode_t mode = 0600);
// The whole file; TooLarge when it is longer than `limit` bytes.
std::string read_file(const fs::path& path, std::uint64_t limit = 64u << 20);
// Whole or absent after a crash at any moment: temporary file, fsync, rename, fsync of the
// directory. The file has exactly `mode` from its first moment.
void write_file_atomic(const fs::path& path, std::string_view bytes, mode_t mode = 0600);
void fsync_path(const fs::path& path);        // a file or a directory
void make_private_dir(const fs::path& path);  // mkdir -p, mode 0700 for what it creates
// remove_all that also enters read-only directories; a missing path is fine.
void remove_tree(const fs::path& path);
std::uint64_t free_bytes(const fs::path& path);  // statvfs f_bavail
// statvfs f_favail; the largest number where the file system has no limit of its own.
std::uint64_t free_inodes(const fs::path& path);
// What is to stay free for the service's own records, without which it can end and delete no run:
// `most`, or on a small disk the given part of it.
std::uint64_t spare_bytes(const fs::path& path, std::uint64_t most, unsigned part);

}  // namespace trainyard
