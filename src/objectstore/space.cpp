#include "objectstore/space.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {

Space::Space(const std::filesystem::path& directory, std::uint64_t floor)
    : directory_(directory), floor_(floor), free_(free_bytes(directory)) {}

void Space::reserve(std::uint64_t bytes) {
  reserved_ += bytes;
  const std::uint64_t usable = free_ > floor_ ? free_ - floor_ : 0;
  if (reserved_ <= usable) return;
  throw Error(ErrorKind::Exhausted,
              fmt::format("the data needs at least {}, but {} has only {} free, of which {} must "
                          "stay free (the setting keep_free)",
                          format_bytes(reserved_), directory_.string(), format_bytes(free_),
                          format_bytes(floor_)));
}

}  // namespace trainyard::objectstore
