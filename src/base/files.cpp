#include "base/files.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"

namespace trainyard {

namespace {

constexpr std::size_t kLongestShown = 400;  // of a path in an error

std::string action(std::string_view verb, const fs::path& path) {
  std::string text(verb);
  text += ' ';
  text += printable(path.native(), kLongestShown);
  return text;
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path default_temp_parent() {
  std::error_code error;
  fs::path parent = fs::temp_directory_path(error);
  if (error) throw system_error("find the directory for temporary files", error.value());
  return parent;
}

// Removes a file that was not put in its place.
class Unlink {
 public:
  explicit Unlink(const fs::path& path) : path_(path) {}
  Unlink(const Unlink&) = delete;
  ~Unlink() {
    if (armed_) ::unlink(path_.c_str());
  }
  void disarm() noexcept { armed_ = false; }

 private:
  const fs::path& path_;
  bool armed_ = true;
};

void write_and_sync(const Fd& fd, std::string_view bytes, mode_t mode) {
  if (::fchmod(fd.get(), mode) != 0) throw_errno("set the mode");  // past the umask
  write_all(fd, bytes);
  if (::fsync(fd.get()) != 0) throw_errno("fsync");
}

struct statvfs statvfs_of(const fs::path& path) {
  struct statvfs info;
  if (::statvfs(path.c_str(), &info) != 0) throw_errno(action("read the free space of", path));
  return info;
}

}  // namespace

TempDir::TempDir(std::string_view prefix, const fs::path& parent) {
  std::string name = (parent.empty() ? default_temp_parent() : parent) / std::string(prefix);
  name += "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw_errno(action("create the directory", name));
  path_ = std::move(name);
}

TempDir::TempDir(TempDir&& other) noexcept : path_(other.release()) {}

TempDir::~TempDir() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const std::exception& e) {
    log::warn("A temporary directory stays behind: {}", e.what());
  }
}

fs::path TempDir::release() noexcept { return std::exchange(path_, fs::path()); }

Fd open_file(const fs::path& path, int flags, mode_t mode) {
  while (true) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return Fd(fd);
    if (errno != EINTR) throw_errno(action("open", path));
  }
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  const Fd fd = open_file(path, O_RDONLY);
  return with_context(path.native(), [&] {
    std::string content;
    std::array<char, 64 * 1024> buffer;
    while (const std::size_t n = read_some(fd, std::as_writable_bytes(std::span(buffer)))) {
      if (n > limit - content.size()) {
        throw Error(ErrorKind::TooLarge,
                    "the file is longer than " + std::to_string(limit) + " bytes");
      }
      content.append(buffer.data(), n);
    }
    return content;
  });
}

void write_file_atomic(const fs::path& path, std::string_view bytes, mode_t mode) {
  const fs::path directory = directory_of(path);
  const fs::path temporary = directory / (".tmp-" + random_hex(8));
  const Fd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode & 0600);
  Unlink unlink(temporary);
  with_context(action("write", path), [&] { write_and_sync(fd, bytes, mode); });
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno(action("write", path));
  unlink.disarm();
  fsync_path(directory);
}

void fsync_path(const fs::path& path) {
  const Fd fd = open_file(path, O_RDONLY);
  if (::fsync(fd.get()) != 0) throw_errno(action("fsync", path));
}

void make_private_dir(const fs::path& path) {
  fs::path so_far;
  for (const fs::path& part : path) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // A directory above that is there and that we may not write can report EACCES or EROFS.
    const int code = errno;
    std::error_code ignored;
    if (!fs::is_directory(so_far, ignored)) {
      throw system_error(action("create the directory", so_far), code);
    }
  }
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) throw_errno(action("create the directory", path));
  if (!S_ISDIR(info.st_mode)) {
    throw system_error(action("create the directory", path), ENOTDIR);
  }
}

std::uint64_t free_bytes(const fs::path& path) {
  const struct statvfs info = statvfs_of(path);
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::uint64_t free_inodes(const fs::path& path) {
  const struct statvfs info = statvfs_of(path);
  return info.f_files == 0 ? std::numeric_limits<std::uint64_t>::max() : info.f_favail;
}

std::uint64_t spare_bytes(const fs::path& path, std::uint64_t most, unsigned part) {
  return std::min<std::uint64_t>(most, fs::space(path).capacity / part);
}

}  // namespace trainyard
