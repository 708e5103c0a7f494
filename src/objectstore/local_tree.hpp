#pragma once
// The regular files below a directory that somebody else may change at any moment, also with
// malice: no name is ever followed out of it.
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
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

struct LocalTree {
  std::vector<LocalFile> files;  // regular ones, and links to regular ones inside
  std::vector<Remark> skipped;   // links that lead nowhere or out, sockets, pipes, devices
};

class LocalDirectory {
 public:
  explicit LocalDirectory(Fd root) : root_(std::move(root)) {}
  // Files that vanish meanwhile are not in it.
  LocalTree walk() const;
  // Throws NotFound when it is gone or leads out of the directory.
  Fd open(const std::string& path) const;

 private:
  void enter(LocalTree& tree, Fd directory, const std::string& path, unsigned depth) const;
  void visit(LocalTree& tree, int directory, const char* name, const std::string& path,
             unsigned depth) const;
  Fd root_;
};

}  // namespace trainyard::objectstore
