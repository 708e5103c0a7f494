#pragma once
// A file that one process holds exclusively, and that says which one. The lock is an flock: it is
// gone with its process, however that ended, and children do not inherit it (O_CLOEXEC).
#include <filesystem>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/process.hpp"

namespace trainyard {

class LockFile {
 public:
  struct Holder {
    ProcessIdentity process;
    std::string note;
  };

  // Takes the lock of `path` (created with mode 0600) and writes into it who took it, with `note`
  // (one line). nullopt when a living process holds it; throws Error when the file cannot be made.
  static std::optional<LockFile> try_acquire(const std::filesystem::path& path,
                                             std::string_view note = {});
  // Who took the lock last, alive or not (ask `process.alive()`); nullopt when nobody did, or when
  // one is just about to write it. Does not touch the lock.
  static std::optional<Holder> last_holder(const std::filesystem::path& path);

 private:
  explicit LockFile(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;  // the lock goes with it
};

}  // namespace trainyard
