#pragma once
// The run's directories on the host.
#include <optional>

#include "base/fd.hpp"
#include "learner/layout.hpp"
#include "objectstore/local_tree.hpp"
#include "sandbox/sandbox.hpp"

namespace trainyard::learner {

// Empty directories for a fresh attempt; logs and journals stay. They belong to `owner`, the user
// of a sandboxed command, when it is given, else to the learner's. For the host's own programs
// "python" is made to name python3 where the system does not have it.
void prepare_directories(const Layout& layout, const std::optional<sandbox::User>& owner,
                         bool host_programs);

// Gives a tree to the command's user; nothing when there is none. Follows no links.
void give_tree(const std::filesystem::path& root, const std::optional<sandbox::User>& owner);

// Opens a directory below the work directory, also while the command runs, which could put a link
// to anywhere in its place: none is followed. Empty when it is no directory, or reached by a link;
// throws when it cannot be read.
Fd open_own_directory(const Layout& layout, const std::filesystem::path& path,
                      objectstore::Locked locked);

// Whether anything but directories is in it, at any depth; also where nobody can tell.
bool has_files(const std::filesystem::path& directory);

// Whether a run's work directory holds results, or files of LOG_DIR, that were never stored:
// release_directories() was not come to.
bool has_unsaved_results(const std::filesystem::path& work);

// Everything is stored: the disk gets its space back. The logs stay. Never throws; what cannot be
// removed goes with the run's record.
void release_directories(const Layout& layout) noexcept;
// The same for the logs, once bucket and server have them.
void release_logs(const Layout& layout) noexcept;

}  // namespace trainyard::learner
