#pragma once
// System calls on files that throw Error with the path in it.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/files.hpp"

namespace trainyard::objectstore {

// With exactly `mode`, whatever the umask is. There already: fine, and left as it is.
void make_directory(const fs::path& path, mode_t mode = 0755);
// A new file, open for reading and writing, that all may read and its owner may write, whatever the
// umask is.
Fd create_readable(const fs::path& path);
void rename_file(const fs::path& from, const fs::path& to);
// False when `from` is missing.
bool rename_if_there(const fs::path& from, const fs::path& to);
// False when `to` is there: of a directory that nobody else writes into.
bool rename_to_new(const fs::path& from, const fs::path& to);
void unlink_file(const fs::path& path);  // missing: fine
// False when `from` is missing, or has as many links as a file can have.
bool link_file(const fs::path& from, const fs::path& to);
// A large file gets its blocks at once: together, and a full disk shows before the bytes come.
// False where the file system cannot do that.
bool preallocate(const Fd& file, std::uint64_t size);
std::vector<fs::path> entries(const fs::path& directory);  // missing: none

}  // namespace trainyard::objectstore
