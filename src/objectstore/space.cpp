#include "objectstore/space.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {

Space::Space(const std::filesystem::path& directory, std::uint64_t floor)
    : directory_(directory), floor_(floor), free_(free_bytes(directory)) {}

bool Space::reserve_early(std::uint64_t bytes) {
  if (reserved_ + bytes > usable() / 2) return false;
  reserved_ += bytes;
  return true;
}

void Space::reserve(std::uint64_t bytes) {
  reserved_ += bytes;
  if (reserved_ <= usable()) return;
  throw Error(ErrorKind::Exhausted,
              fmt::format("the data needs {}, but {} has only {} free, of which {} must "
                          "stay free (the setting keep_free)",
                          format_bytes(reserved_), directory_.string(), format_bytes(free_),
                          format_bytes(floor_)));
}

}  // namespace trainyard::objectstore
