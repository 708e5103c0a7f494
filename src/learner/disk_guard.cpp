#include "learner/disk_guard.hpp"

#include <sys/stat.h>

#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace trainyard::learner {
namespace {

constexpr std::uint64_t kBlock = 512;  // of st_blocks

// Of all files below, as far as they can be seen; links are not followed.
std::uint64_t bytes_on_disk(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied,
                                         error);
  while (!error && entry != fs::end(entry)) {
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) == 0) {
      sum += static_cast<std::uint64_t>(info.st_blocks) * kBlock;
    }
    entry.increment(error);
  }
  return sum;
}

}  // namespace

DiskGuard::DiskGuard(fs::path work, std::uint64_t floor) : work_(std::move(work)), floor_(floor) {}

bool DiskGuard::must_end() const {
  try {
    const std::uint64_t free = free_bytes(work_);
    return free < floor_ && (free < floor_ / 2 || bytes_on_disk(work_) > floor_);
  } catch (const Error& e) {
    log::warn("the disk is not watched: {}", e.what());
    return false;
  }
}

}  // namespace trainyard::learner
