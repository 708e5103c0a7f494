#include "objectstore/local_tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/directory_stream.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "objectstore/key_paths.hpp"
#include "objectstore/link_names.hpp"

namespace trainyard::objectstore {
namespace {

// A pipe must not block us.
constexpr int kOpenFile = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int kHandle = O_PATH | O_CLOEXEC;
constexpr int kHandleOfDirectory = kHandle | O_DIRECTORY | O_NOFOLLOW;
constexpr std::size_t kLongestReached = 16 * 1024;  // each part of a long one costs a call
constexpr std::size_t kLongestShown = 150;          // of what is longer

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileState state_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

// Resolves links, but never out of `root`. -1 and errno.
int open_beneath(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
  }
}

// Follows no link at all. For directories, where there is no openat2 (an old kernel, a strict
// container), and for paths that are too long for one call.
int open_without_links(int root, const std::string& path, int flags) {
  Fd directory;
  for (std::size_t begin = 0;;) {
    const std::size_t end = path.find('/', begin);
    const std::string name = path.substr(begin, end - begin);
    const int from = directory ? directory.get() : root;
    if (end == path.npos) return ::openat(from, name.c_str(), flags | O_NOFOLLOW);
    Fd next(::openat(from, name.c_str(), kHandleOfDirectory));
    if (!next) return -1;
    directory = std::move(next);
    begin = end + 1;
  }
}

Fd open_inside(const Fd& root, const std::string& path, int flags) {
  if (path.size() > kLongestReached) {
    errno = ENAMETOOLONG;
    return Fd();
  }
  if (path.size() >= PATH_MAX) return Fd(open_without_links(root.get(), path, flags));
  Fd file(open_beneath(root.get(), path.c_str(), flags));
  if (!file && (errno == ENOSYS || errno == EPERM)) {
    file = Fd(open_without_links(root.get(), path, flags));
  }
  return file;
}

std::string itself(const Fd& handle) { return "/proc/self/fd/" + std::to_string(handle.get()); }

// Gives us `rights` on what is ours. Through /proc: a name could have become a link. May fail.
void open_up(const Fd& handle, mode_t rights) {
  struct stat info {};
  if (::fstat(handle.get(), &info) != 0 || (info.st_mode & rights) == rights) return;
  if (info.st_uid == ::geteuid()) ::chmod(itself(handle).c_str(), info.st_mode | rights);
}

std::string_view kind_of(mode_t mode) {
  if (S_ISSOCK(mode)) return "skipped: a socket";
  if (S_ISFIFO(mode)) return "skipped: a pipe";
  return "skipped: a device";
}

}  // namespace

void open_up_directory(const Fd& parent, const std::string& name) {
  const Fd handle(::openat(parent.get(), name.c_str(), kHandleOfDirectory));
  if (handle) open_up(handle, S_IRUSR | S_IXUSR);
}

FileState FileState::of(const Fd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("look at a file");
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::NotFound, "it is no regular file");
  return state_of(status);
}

// Holds one directory open at a time, and goes on from the root by paths.
class LocalDirectory::Walk {
 public:
  Walk(const LocalDirectory& owner, Locked locked) : self_(owner), locked_(locked) {}

  LocalTree go() {
    if (locked_ == Locked::OpenUp) open_up(self_.root_, S_IRUSR | S_IXUSR);
    directories_.emplace_back();
    while (!directories_.empty()) {
      const std::string path = std::move(directories_.back());
      directories_.pop_back();
      try {
        enter(path);
      } catch (const Error& e) {
        tree_.unread.push_back({path, e});
      }
    }
    for (const std::string& path : links_) follow(path);  // what they name can be read by now
    std::sort(tree_.files.begin(), tree_.files.end(),
              [](const LocalFile& a, const LocalFile& b) { return a.path < b.path; });
    return std::move(tree_);
  }

 private:
  void enter(const std::string& path) {
    const std::string action = "read the directory '" + printable(path) + "'";
    const Fd handle(handle_of(path));
    const bool swapped = !handle && (errno == ENOTDIR || errno == ELOOP);
    if (!handle && (swapped || errno == ENOENT)) return;
    if (!handle) throw_errno(action);
    if (locked_ == Locked::OpenUp) open_up(handle, S_IRUSR | S_IXUSR);
    Fd readable(::openat(handle.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!readable) throw_errno(action);
    const auto stream = read_directory(std::move(readable));
    if (!stream) throw_errno(action);
    while (const char* name = next_name(stream.get())) visit(::dirfd(stream.get()), path, name);
    if (errno != 0) throw_errno(action);
  }

  Fd handle_of(const std::string& path) const {
    if (path.empty()) return Fd(::openat(self_.root_.get(), ".", kHandleOfDirectory));
    return open_inside(self_.root_, path, kHandleOfDirectory);
  }

  void visit(int directory, const std::string& parent, const std::string& name) {
    const std::string path = parent.empty() ? name : parent + "/" + name;
    if (path.size() > kLongestReached) {
      return tree_.skipped.push_back(
          {shorten(path, kLongestShown), "skipped: its path has more than 16,384 bytes"});
    }
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      const int code = errno;
      if (code != ENOENT) {
        tree_.unread.push_back({path, system_error("look at '" + printable(path) + "'", code)});
      }
      return;
    }
    if (S_ISREG(status.st_mode)) {
      tree_.files.push_back({path, state_of(status)});
    } else if (S_ISDIR(status.st_mode)) {
      directories_.push_back(path);
    } else if (S_ISLNK(status.st_mode)) {
      links_.push_back(path);
    } else {
      tree_.skipped.push_back({path, std::string(kind_of(status.st_mode))});
    }
  }

  void follow(const std::string& path) {
    try {
      tree_.files.push_back({path, FileState::of(self_.open(path, locked_))});
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::NotFound) return tree_.unread.push_back({path, e});
      tree_.skipped.push_back(
          {path, "skipped: a link to something else than a file of this directory"});
    }
  }

  const LocalDirectory& self_;
  const Locked locked_;
  LocalTree tree_;
  std::vector<std::string> directories_, links_;  // still to be looked at
};

LocalTree LocalDirectory::walk(Locked locked) const { return Walk(*this, locked).go(); }

Fd LocalDirectory::open_named(const std::string& path, Locked locked) const {
  Fd file = open_inside(root_, path, kOpenFile);
  if (!file && errno == EACCES && locked == Locked::OpenUp) {
    const Fd handle = open_inside(root_, path, kHandle);
    if (handle) {
      open_up(handle, S_IRUSR);
      file = Fd(::open(itself(handle).c_str(), kOpenFile));
    }
  }
  return file;
}

std::optional<std::string> LocalDirectory::read_link(const std::string& path) const {
  const Fd link = open_inside(root_, path, kHandle | O_NOFOLLOW);
  char target[PATH_MAX];
  const ssize_t size = link ? ::readlinkat(link.get(), "", target, sizeof target) : -1;
  return size < 0 ? std::nullopt : std::optional(std::string(target, std::size_t(size)));
}

Fd LocalDirectory::open(const std::string& path, Locked locked) const {
  Fd file = open_named(path, locked);
  if (!file && (errno == EXDEV || errno == ELOOP)) {
    const int code = errno;
    const auto target =
        follow_names(path, names_, [this](const std::string& link) { return read_link(link); });
    errno = code;
    if (target) file = open_named(*target, locked);
  }
  if (file) return file;
  // Gone, swapped for a link that leads out or names what no file can be called, or for something
  // that cannot be opened.
  if (errno == EXDEV || errno == ELOOP || errno == ENOTDIR || errno == ENXIO ||
      errno == ENAMETOOLONG) {
    throw Error(ErrorKind::NotFound, "'" + printable(path) + "' is no file of this directory");
  }
  throw_errno("open '" + printable(path) + "'");
}

bool LocalDirectory::is_gone(const std::string& path) const {
  try {
    FileState::of(open(path, Locked::Leave));
    return false;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return true;
    throw;
  }
}

}  // namespace trainyard::objectstore
