#include "learner/directories.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "learner/environment.hpp"

namespace trainyard::learner {
namespace {

void give_to(const fs::path& path, const sandbox::User& owner) {
  if (::lchown(path.c_str(), owner.uid, owner.gid) != 0) {
    throw_errno("give " + path.string() + " to the command's user");
  }
}

void make_python_known(const Layout& layout) {
  for (const char* directory : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    if (fs::exists(fs::path(directory) / "python")) return;
  }
  for (const char* program : {"/usr/local/bin/python3", "/usr/bin/python3"}) {
    if (!fs::exists(program)) continue;
    fs::create_symlink(program, user_programs(layout) / "python");
    return;
  }
}

void release(const fs::path& tree) noexcept {
  try {
    remove_tree(tree);
  } catch (const std::exception& e) {
    log::warn("the run's files stay until its record goes: {}", e.what());
  }
}

}  // namespace

bool has_files(const fs::path& directory) {
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(directory, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_directory(error)) return true;
  }
  return error && error != std::errc::no_such_file_or_directory;
}

void prepare_directories(const Layout& layout, const std::optional<sandbox::User>& owner,
                         bool host_programs) {
  for (const auto name : Layout::scratch()) remove_tree(layout.work / name);
  fs::remove(layout.checkpoint_record());
  for (const fs::path& path :
       {layout.model_dir(), layout.log_dir(), layout.data_dir(), layout.result_dir(),
        layout.checkpoint_dir(), user_programs(layout), layout.tmp()}) {
    make_private_dir(path);
  }
  if (host_programs) make_python_known(layout);
  for (const auto name : Layout::scratch()) give_tree(layout.work / name, owner);
}

void give_tree(const fs::path& root, const std::optional<sandbox::User>& owner) {
  if (!owner) return;
  give_to(root, *owner);
  for (const auto& entry : fs::recursive_directory_iterator(root)) give_to(entry.path(), *owner);
}

Fd open_own_directory(const Layout& layout, const fs::path& path, objectstore::Locked locked) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd at = open_file(layout.work, O_RDONLY | O_DIRECTORY);
  for (const auto& part : path.lexically_relative(layout.work)) {
    if (locked == objectstore::Locked::OpenUp) objectstore::open_up_directory(at, part);
    at = Fd(::openat(at.get(), part.c_str(), kFlags));
    if (at) continue;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) break;
    throw_errno("open " + path.string());
  }
  return at;
}

bool has_unsaved_results(const fs::path& work) {
  return has_files(work / "mnt/results") || has_files(work / "job/logs");
}

void release_directories(const Layout& layout) noexcept {
  for (const auto name : Layout::scratch()) release(layout.work / name);
}

void release_logs(const Layout& layout) noexcept { release(layout.logs()); }

}  // namespace trainyard::learner
