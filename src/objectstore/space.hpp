#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "objectstore/disk_space.hpp"
#include "objectstore/lease.hpp"
#include "objectstore/reservations.hpp"

namespace trainyard::objectstore {

// The room that a transfer may fill on a disk.
class Space {
 public:
  // What is free in `directory` now, down to `floor` bytes, without what others reserved that tell
  // of it in the directory `reservations` (empty: nobody tells, and nobody is told).
  Space(const std::filesystem::path& directory, std::uint64_t floor,
        const std::filesystem::path& reservations);
  // Takes `need` if with all that was taken it is less than half of what may be filled; else takes
  // nothing: the rest is better known before more is begun.
  bool reserve_early(const DiskSpace& need);
  // Throws Exhausted with a sentence that names what is needed and what is free when it does not
  // fit any more.
  void reserve(const DiskSpace& need);
  // Throws as reserve() when even the empty disk would not hold `all`.
  void require_possible(const DiskSpace& all);
  // One of the reserved files is on the disk, with so many bytes. Any thread.
  void written(std::uint64_t size);

 private:
  std::optional<Lease> count();
  DiskSpace usable() const;
  void take(const DiskSpace& need);
  DiskSpace promised_to_others();
  [[noreturn]] void throw_too_little(const DiskSpace& all);
  [[noreturn]] void throw_too_few_inodes(const DiskSpace& all);

  std::filesystem::path directory_;
  std::uint64_t floor_;
  std::unique_ptr<Reservations> reservations_;  // may be empty
  DiskSpace free_;                              // at first, or when it was counted last
  DiskSpace pending_;                           // reserved by all, then
  DiskSpace reserved_;                          // by this one
};

}  // namespace trainyard::objectstore
