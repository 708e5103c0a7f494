#include "base/directory_stream.hpp"

#include <cerrno>
#include <cstring>

namespace trainyard {

DirectoryStream read_directory(Fd directory) {
  DirectoryStream stream(::fdopendir(directory.get()));
  if (stream) (void)directory.release();
  return stream;
}

const char* next_name(DIR* directory) {
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory);
    if (entry == nullptr) return nullptr;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      return entry->d_name;
    }
  }
}

}  // namespace trainyard
