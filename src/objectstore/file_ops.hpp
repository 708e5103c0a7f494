#pragma once
// System calls on files that throw Error with the path in it.
#include <sys/types.h>

#include <filesystem>

#include "base/files.hpp"

namespace trainyard::objectstore {

void make_directory(const fs::path& path, mode_t mode = 0755);  // there already: fine
void rename_file(const fs::path& from, const fs::path& to);
void unlink_file(const fs::path& path);  // missing: fine

}  // namespace trainyard::objectstore
