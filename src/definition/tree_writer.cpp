#include "definition/tree_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::definition {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kDirectoryMode = 0755, kFileMode = 0644, kProgramMode = 0755;

// Past the umask.
void set_mode(const Fd& fd, mode_t mode, const std::string& name) {
  if (::fchmod(fd.get(), mode) != 0) throw_errno("set the mode of " + printable(name));
}

Fd enter(const Fd& parent, const std::string& name) {
  const bool made = ::mkdirat(parent.get(), name.c_str(), kDirectoryMode) == 0;
  if (!made && errno != EEXIST) throw_errno("make the folder " + printable(name));
  Fd fd(::openat(parent.get(), name.c_str(), kDirectoryFlags));
  if (!fd) throw_errno("enter the folder " + printable(name));
  if (made) set_mode(fd, kDirectoryMode, name);
  return fd;
}

}  // namespace

TreeWriter::TreeWriter(const fs::path& directory)
    : root_(open_file(directory, O_RDONLY | O_DIRECTORY)) {}

Fd TreeWriter::open_parent(const std::string& path, std::string& name) const {
  auto parts = split(path, '/');
  name = std::move(parts.back());
  parts.pop_back();
  Fd at(::dup(root_.get()));
  if (!at) throw_errno("duplicate a descriptor");
  for (const auto& part : parts) at = enter(at, part);
  return at;
}

void TreeWriter::directory(const std::string& path) {
  std::string name;
  const Fd parent = open_parent(path, name);
  enter(parent, name);
}

void TreeWriter::link(const std::string& path, const std::string& target) {
  std::string name;
  const Fd parent = open_parent(path, name);
  if (::symlinkat(target.c_str(), parent.get(), name.c_str()) != 0) {
    throw_errno("make the link " + printable(path));
  }
}

void TreeWriter::begin_file(const std::string& path, bool executable) {
  std::string name;
  const Fd parent = open_parent(path, name);
  const mode_t mode = executable ? kProgramMode : kFileMode;
  file_ = Fd(::openat(parent.get(), name.c_str(),
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file_) throw_errno("write " + printable(path));
  set_mode(file_, mode, path);
}

void TreeWriter::write(std::string_view bytes) { write_all(file_, bytes); }

void TreeWriter::end_file() { file_.reset(); }

}  // namespace trainyard::definition
