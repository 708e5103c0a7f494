#include "objectstore/clone_tree.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/space.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kCopyAtOnce = 64u << 20;  // between two looks at the stop token

bool reflink(const Fd& from, const Fd& to) { return ::ioctl(to.get(), FICLONE, from.get()) == 0; }

// Not every pair of file systems copies inside the kernel.
void read_and_write(const Fd& from, const Fd& to, const std::stop_token& stop) {
  std::string buffer(1u << 20, '\0');
  while (const std::size_t got = read_some(from, std::as_writable_bytes(std::span(buffer)))) {
    if (stop.stop_requested()) throw Error(ErrorKind::Canceled, "the copy was stopped");
    write_all(to, std::string_view(buffer.data(), got));
  }
}

void copy(const Fd& from, const Fd& to, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const ssize_t copied =
        ::copy_file_range(from.get(), nullptr, to.get(), nullptr, kCopyAtOnce, 0);
    if (copied == 0) return;
    if (copied > 0 || errno == EINTR) continue;
    if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
      return read_and_write(from, to, stop);
    }
    throw_errno("copy a file");
  }
  throw Error(ErrorKind::Canceled, "the copy was stopped");
}

class Cloner {
 public:
  Cloner(const DiskSpace& need, std::uint64_t free_floor, const fs::path& reservations,
         std::stop_token stop)
      : need_(need), free_floor_(free_floor), reservations_(reservations), stop_(std::move(stop)) {}

  void directory(const fs::path& from, const fs::path& to) {
    make_directory(to);
    for (const fs::path& entry : entries(from)) {
      if (stop_.stop_requested()) throw Error(ErrorKind::Canceled, "the copy was stopped");
      if (fs::is_directory(fs::symlink_status(entry))) {
        directory(entry, to / entry.filename());
      } else {
        file(entry, to / entry.filename());
      }
    }
  }

 private:
  void file(const fs::path& from, const fs::path& to) {
    const Fd source = open_file(from, O_RDONLY | O_NOFOLLOW);
    const Fd target = create_readable(to);
    if (!space_ && reflink(source, target)) return;
    if (!space_) {
      space_.emplace(to.parent_path(), free_floor_, reservations_);
      space_->reserve(need_);
    }
    with_context("make " + printable(to.native()), [&] { copy(source, target, stop_); });
    struct stat status {};
    if (::fstat(target.get(), &status) == 0) {
      space_->written(static_cast<std::uint64_t>(status.st_size));
    }
  }

  const DiskSpace& need_;
  std::uint64_t free_floor_;
  const fs::path& reservations_;
  std::stop_token stop_;
  std::optional<Space> space_;  // from when a reflink failed: for copies
};

}  // namespace

void clone_file(const Fd& from, const Fd& to, const std::stop_token& stop) {
  if (!reflink(from, to)) copy(from, to, stop);
}

void clone_tree(const fs::path& from, const fs::path& to, const DiskSpace& need,
                std::uint64_t free_floor, const fs::path& reservations, std::stop_token stop) {
  Cloner(need, free_floor, reservations, std::move(stop)).directory(from, to);
}

}  // namespace trainyard::objectstore
