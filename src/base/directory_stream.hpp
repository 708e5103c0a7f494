#pragma once
// An open directory that is read entry by entry, for walks that hold on to descriptors and not to
// paths.
#include <dirent.h>

#include <memory>

#include "base/fd.hpp"

namespace trainyard {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// Takes the descriptor over. Null, and errno says why, when it cannot be read as a directory.
DirectoryStream read_directory(Fd directory);
// The next name but "." and ".."; valid until the next call. Null at the end, with errno 0, and
// when it could not be read.
const char* next_name(DIR* directory);

}  // namespace trainyard
