#include "objectstore/local_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

// A pipe must not block us.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr unsigned kDeepest = 200;  // directories in each other; each holds a descriptor

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileState state_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

// Resolves links, but never out of `root`. -1 and errno.
int open_beneath(int root, const char* path) {
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
  }
}

// Where there is no openat2 (an old kernel, a strict container): no link is followed at all.
int open_without_links(int root, const std::string& path) {
  Fd directory;
  for (std::size_t begin = 0;;) {
    const std::size_t end = path.find('/', begin);
    const std::string name = path.substr(begin, end - begin);
    const int from = directory ? directory.get() : root;
    if (end == path.npos) {
      return ::openat(from, name.c_str(), kOpenFlags | O_NOFOLLOW);
    }
    Fd next(::openat(from, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return -1;
    directory = std::move(next);
    begin = end + 1;
  }
}

std::string_view kind_of(mode_t mode) {
  if (S_ISSOCK(mode)) return "skipped: a socket";
  if (S_ISFIFO(mode)) return "skipped: a pipe";
  return "skipped: a device";
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

FileState FileState::of(const Fd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("look at a file");
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::NotFound, "it is no regular file");
  return state_of(status);
}

LocalTree LocalDirectory::walk() const {
  LocalTree tree;
  Fd again(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) throw_errno("read the directory of the results");
  enter(tree, std::move(again), "", 0);
  std::sort(tree.files.begin(), tree.files.end(),
            [](const LocalFile& a, const LocalFile& b) { return a.path < b.path; });
  return tree;
}

void LocalDirectory::enter(LocalTree& tree, Fd directory, const std::string& path,
                           unsigned depth) const {
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.get()));
  if (!stream) throw_errno("read the directory " + printable(path));
  directory.release();  // the stream's now
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    visit(tree, ::dirfd(stream.get()), entry->d_name,
          path.empty() ? std::string(name) : path + "/" + std::string(name), depth);
  }
}

void LocalDirectory::visit(LocalTree& tree, int directory, const char* name,
                           const std::string& path, unsigned depth) const {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISREG(status.st_mode)) {
    tree.files.push_back({path, state_of(status)});
  } else if (S_ISDIR(status.st_mode)) {
    if (depth == kDeepest) {
      return tree.skipped.push_back({path, "skipped: too many directories in each other"});
    }
    Fd child(::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (child) return enter(tree, std::move(child), path, depth + 1);
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
      tree.skipped.push_back({path, "skipped: the directory cannot be read"});
    }
  } else if (S_ISLNK(status.st_mode)) {
    try {
      tree.files.push_back({path, FileState::of(open(path))});
    } catch (const Error&) {
      tree.skipped.push_back(
          {path, "skipped: a link to something else than a file of this directory"});
    }
  } else {
    tree.skipped.push_back({path, std::string(kind_of(status.st_mode))});
  }
}

Fd LocalDirectory::open(const std::string& path) const {
  Fd file(open_beneath(root_.get(), path.c_str()));
  if (!file && (errno == ENOSYS || errno == EPERM)) {
    file = Fd(open_without_links(root_.get(), path));
  }
  if (file) return file;
  // Gone, swapped for a link that leads out, or for something that cannot be opened.
  if (errno == EXDEV || errno == ELOOP || errno == ENOTDIR || errno == ENXIO) {
    throw Error(ErrorKind::NotFound, "'" + printable(path) + "' is no file of this directory");
  }
  throw_errno("open '" + printable(path) + "'");
}

}  // namespace trainyard::objectstore
