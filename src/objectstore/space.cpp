#include "objectstore/space.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

std::string count_inodes(std::uint64_t inodes) {
  return inodes == 1 ? "1 file" : fmt::format("{} files and directories", inodes);
}

}  // namespace

Space::Space(const std::filesystem::path& directory, std::uint64_t floor,
             const std::filesystem::path& reservations)
    : directory_(directory), floor_(floor), free_(free_space(directory)) {
  if (reservations.empty()) return;
  reservations_ = std::make_unique<Reservations>(reservations, directory);
}

// Without others to heed, what was free at first and what this one took since are all.
std::optional<Lease> Space::count() {
  pending_ = reserved_;
  if (!reservations_) return std::nullopt;
  Lease lock = reservations_->lock();
  pending_ = reservations_->pending().disk;
  free_ = free_space(directory_);
  return lock;
}

DiskSpace Space::usable() const { return free_ - DiskSpace{floor_, 0} - pending_; }

void Space::take(const DiskSpace& need) {
  reserved_ = reserved_ + need;
  if (reservations_) reservations_->add({0, need});
}

DiskSpace Space::promised_to_others() {
  return reservations_ ? pending_ - reservations_->own().disk : DiskSpace{};
}

bool Space::reserve_early(const DiskSpace& need) {
  const auto lock = count();
  if (!usable().holds(need + reserved_ + need)) return false;
  take(need);
  return true;
}

void Space::reserve(const DiskSpace& need) {
  const auto lock = count();
  if (usable().holds(need)) return take(need);
  const DiskSpace all = reserved_ + need;
  if (need.bytes <= usable().bytes) throw_too_few_inodes(all);
  throw_too_little(all);
}

void Space::require_possible(const DiskSpace& all) {
  const DiskSpace whole = whole_space(directory_);
  if (all.bytes > whole.bytes) throw_too_little(all);
  if (all.inodes > whole.inodes) throw_too_few_inodes(all);
}

void Space::throw_too_few_inodes(const DiskSpace& all) {
  const DiskSpace others = promised_to_others();
  throw Error(
      ErrorKind::Exhausted,
      fmt::format("the data needs {} inodes, one for each file and directory, but the file "
                  "system of {} has only {} left{}",
                  all.inodes, printable(directory_.native()), free_.inodes,
                  others.inodes == 0 ? ""
                                     : fmt::format(", {} of them promised to transfers under way",
                                                   others.inodes)));
}

void Space::throw_too_little(const DiskSpace& all) {
  const DiskSpace others = promised_to_others();
  throw Error(
      ErrorKind::Exhausted,
      fmt::format("the data, {}, needs {} on the disk, but {} has only {} free, {}of which {} must "
                  "stay free (the setting keep_free)",
                  count_inodes(all.inodes), format_bytes(all.bytes), printable(directory_.native()),
                  format_bytes(free_.bytes),
                  others.bytes == 0
                      ? ""
                      : format_bytes(others.bytes) + " of it promised to transfers under way, ",
                  format_bytes(floor_)));
}

void Space::written(std::uint64_t size) {
  if (reservations_) reservations_->take_off({0, file_space(size)});
}

}  // namespace trainyard::objectstore
