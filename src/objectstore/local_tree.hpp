#pragma once
// The regular files below a directory that somebody else may change at any moment, also with
// malice: no name is ever followed out of it.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

// What changes when a file's content does.
struct FileState {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  // mtime and ctime since the epoch
  bool operator==(const FileState&) const = default;

  static FileState of(const Fd& file);  // throws when it is no regular file
};

struct LocalFile {
  std::string path;  // relative, as it is on the disk
  FileState state;
};

struct Unread {
  std::string path;
  Error why;
};

struct LocalTree {
  std::vector<LocalFile> files;  // regular ones, and links to regular ones inside
  // Links that lead nowhere or out, sockets, pipes, devices; files and whole directories whose
  // paths are too long, these by a shortened path.
  std::vector<Remark> skipped;
  std::vector<Unread> unread;  // files may lie here that nobody could look at
};

// What to do where the modes of our own files and directories keep us out.
enum class Locked {
  Leave,   // as it is: not looked at
  OpenUp,  // give their owner, us, the right to read
};

// The same for one directory. Best effort; follows no link.
void open_up_directory(const Fd& parent, const std::string& name);

// Of any depth; paths up to 16 KiB.
class LocalDirectory {
 public:
  // `names`: absolute paths by which links in it may name the directory.
  explicit LocalDirectory(Fd root, std::vector<std::filesystem::path> names = {})
      : root_(std::move(root)), names_(std::move(names)) {}
  // Another one in its place.
  void move_to(Fd root) { root_ = std::move(root); }
  // Files that vanish meanwhile are not in it.
  LocalTree walk(Locked locked) const;
  // Throws NotFound when it is gone or leads out of the directory.
  Fd open(const std::string& path, Locked locked) const;
  // No regular file is there: this is certain. Throws when it is not.
  bool is_gone(const std::string& path) const;

 private:
  class Walk;
  Fd open_named(const std::string& path, Locked locked) const;  // empty, and errno
  std::optional<std::string> read_link(const std::string& path) const;

  Fd root_;
  std::vector<std::filesystem::path> names_;
};

}  // namespace trainyard::objectstore
