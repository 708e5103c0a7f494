#pragma once
#include <fcntl.h>

#include "base/files.hpp"

namespace trainyard::learner {

// Makes or replaces a file, without the syncs of write_file_atomic().
inline void put(const fs::path& path, std::string_view text, mode_t mode = 0644) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode), text);
}

}  // namespace trainyard::learner
