#include "objectstore/file_ops.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

// Names of a bucket's keys can be in it, of any length.
std::string shown(const fs::path& path) { return printable(path.native(), 400); }

}  // namespace

void make_directory(const fs::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    if (::chmod(path.c_str(), mode) == 0) return;
  } else if (errno == EEXIST) {
    return;
  }
  throw_errno("make the directory " + shown(path));
}

Fd create_readable(const fs::path& path) {
  constexpr mode_t kMode = 0644;
  Fd file = open_file(path, O_CREAT | O_EXCL | O_RDWR, kMode);
  if (::fchmod(file.get(), kMode) != 0) throw_errno("set the mode of " + shown(path));
  return file;
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (!rename_if_there(from, to)) throw_errno("move " + shown(from) + " to " + shown(to));
}

bool rename_if_there(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  throw_errno("move " + shown(from) + " to " + shown(to));
}

bool rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  // Some file systems know no flags.
  if (errno != EINVAL) throw_errno("move " + shown(from) + " to " + shown(to));
  if (::access(to.c_str(), F_OK) == 0) return false;
  rename_file(from, to);
  return true;
}

void unlink_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno("remove " + shown(path));
}

bool link_file(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == ENOENT || errno == EMLINK) return false;
  throw_errno("link " + shown(from) + " to " + shown(to));
}

bool preallocate(const Fd& file, std::uint64_t size) {
  while (::fallocate(file.get(), 0, 0, static_cast<off_t>(size)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return false;
    throw_errno("make room for " + format_bytes(size));
  }
  return true;
}

std::vector<fs::path> entries(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto next = fs::directory_iterator(directory, error);
       !error && next != fs::directory_iterator(); next.increment(error)) {
    found.push_back(next->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw system_error("read the directory " + shown(directory), error.value());
  }
  return found;
}

}  // namespace trainyard::objectstore
