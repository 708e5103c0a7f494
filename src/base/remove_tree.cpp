// Removal of a tree that somebody else made: links are never followed, read-only directories are
// opened up, and no depth of nesting exhausts descriptors or the stack.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/directory_stream.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"

namespace trainyard {

namespace {

constexpr int kDeepest = 64;

void ignore_missing(int result, const char* name) {
  if (result != 0 && errno != ENOENT) throw_errno(std::string("remove ") + name);
}

// Opens the directory `name` of `parent` with all rights for us on it; null when it is gone.
DirectoryStream enter(int parent, const char* name) {
  const Fd handle(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle) {
    ignore_missing(-1, name);
    return nullptr;
  }
  struct stat info;
  if (::fstat(handle.get(), &info) != 0) throw_errno(std::string("stat ") + name);
  if ((info.st_mode & 0700) != 0700) {
    // Through /proc: fchmod refuses an O_PATH handle, and a name could have become a link.
    const std::string self = "/proc/self/fd/" + std::to_string(handle.get());
    if (::chmod(self.c_str(), 0700) != 0) throw_errno(std::string("open up ") + name);
  }
  Fd fd(::openat(handle.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw_errno(std::string("open ") + name);
  DirectoryStream directory = read_directory(std::move(fd));
  if (!directory) throw_errno(std::string("open ") + name);
  return directory;
}

class TreeRemover {
 public:
  explicit TreeRemover(int root) : root_(root) {}

  // Empties `directory`. What lies too deep is moved up to the root of the tree instead;
  // returns whether that happened, so that the root must be emptied again.
  bool empty(DIR* directory, int depth) {
    bool moved = false;
    const int fd = ::dirfd(directory);
    while (const char* entry = next_name(directory)) {
      const std::string name(entry);
      if (::unlinkat(fd, name.c_str(), 0) == 0 || errno == ENOENT) continue;
      if (errno != EISDIR) throw_errno("remove " + name);
      moved |= remove_directory(fd, name, depth);
    }
    if (errno != 0) throw_errno("read the directory");
    return moved;
  }

 private:
  bool remove_directory(int parent, const std::string& name, int depth) {
    if (depth >= kDeepest) {
      enter(parent, name.c_str());  // a directory that we may not write cannot change its parent
      const std::string target = ".deep-" + random_hex(8);
      ignore_missing(::renameat(parent, name.c_str(), root_, target.c_str()), name.c_str());
      return true;
    }
    bool moved = false;
    with_context(name, [&] {
      if (const DirectoryStream directory = enter(parent, name.c_str())) {
        moved = empty(directory.get(), depth + 1);
      }
    });
    ignore_missing(::unlinkat(parent, name.c_str(), AT_REMOVEDIR), name.c_str());
    return moved;
  }

  int root_;
};

}  // namespace

void remove_tree(const fs::path& given) {
  const fs::path path = given.has_filename() ? given : given.parent_path();  // "a/" is "a"
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return;
  if (errno != EISDIR) throw_errno("remove " + path.native());
  with_context("remove " + path.native(), [&] {
    const DirectoryStream root = enter(AT_FDCWD, path.c_str());
    if (!root) return;
    TreeRemover remover(::dirfd(root.get()));
    while (remover.empty(root.get(), 1)) ::rewinddir(root.get());
    ignore_missing(::rmdir(path.c_str()), path.c_str());
  });
}

}  // namespace trainyard
