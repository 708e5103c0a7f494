#include "objectstore/lease.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "objectstore/file_ops.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::chrono::milliseconds kContendedPause{1};

bool lock_now(const Fd& file, Lease::Mode mode, const fs::path& path) {
  const int how = mode == Lease::Mode::Shared ? LOCK_SH : LOCK_EX;
  while (::flock(file.get(), how | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw_errno("lock " + path.string());
  }
  return true;
}

// Whether the path still names the file that was locked: it may have been taken away in between.
bool still_named(const Fd& file, const fs::path& path) {
  struct stat locked {
  }, named{};
  if (::fstat(file.get(), &locked) != 0) throw_errno("look at " + path.string());
  if (::stat(path.c_str(), &named) != 0) return false;
  return locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

}  // namespace

std::optional<Lease> Lease::try_take(const fs::path& file, Mode mode) {
  while (true) {
    Fd opened = open_file(file, O_RDWR | O_CREAT, 0600);
    if (!lock_now(opened, mode, file)) return std::nullopt;
    if (still_named(opened, file)) return Lease(file, std::move(opened));
  }
}

Lease Lease::take(const fs::path& file) {
  while (true) {
    if (auto lease = try_take(file, Mode::Exclusive)) return *std::move(lease);
    std::this_thread::sleep_for(kContendedPause);
  }
}

void Lease::remove_file() { unlink_file(path_); }

void Lease::touch() {
  if (::futimens(file_.get(), nullptr) != 0) throw_errno("touch " + path_.string());
}

TimePoint Lease::last_use(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return TimePoint{};
  return TimePoint(
      std::chrono::duration_cast<Milliseconds>(std::chrono::seconds(status.st_mtim.tv_sec) +
                                               std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

}  // namespace trainyard::objectstore
