#include "objectstore/space.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {

Space::Space(const std::filesystem::path& directory, std::uint64_t floor,
             const std::filesystem::path& reservations)
    : directory_(directory), floor_(floor), free_(free_bytes(directory)) {
  if (reservations.empty()) return;
  reservations_ = std::make_unique<Reservations>(reservations, directory);
}

// Without others to heed, what was free at first and what this one took since are all.
std::optional<Lease> Space::count() {
  pending_ = reserved_;
  if (!reservations_) return std::nullopt;
  Lease lock = reservations_->lock();
  pending_ = reservations_->pending().disk;
  free_ = free_bytes(directory_);
  return lock;
}

void Space::take(std::uint64_t bytes) {
  reserved_ += bytes;
  if (reservations_) reservations_->add({0, bytes});
}

bool Space::reserve_early(std::uint64_t bytes) {
  const auto lock = count();
  const std::uint64_t twice = bytes + reserved_ + bytes;
  if (floor_ >= free_ || pending_ + twice > free_ - floor_) return false;
  take(bytes);
  return true;
}

void Space::reserve(std::uint64_t bytes) {
  const auto lock = count();
  if (pending_ + bytes <= (free_ > floor_ ? free_ - floor_ : 0)) return take(bytes);
  const std::uint64_t others =
      reservations_ ? pending_ - std::min(pending_, reservations_->own().disk) : 0;
  throw Error(
      ErrorKind::Exhausted,
      fmt::format(
          "the data needs {}, but {} has only {} free, {}of which {} must "
          "stay free (the setting keep_free)",
          format_bytes(reserved_ + bytes), directory_.string(), format_bytes(free_),
          others == 0 ? "" : format_bytes(others) + " of it promised to transfers under way, ",
          format_bytes(floor_)));
}

void Space::written(std::uint64_t bytes) {
  if (reservations_) reservations_->take_off({0, bytes});
}

}  // namespace trainyard::objectstore
