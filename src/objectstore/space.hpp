#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "objectstore/lease.hpp"
#include "objectstore/reservations.hpp"

namespace trainyard::objectstore {

// The room that a transfer may fill on a disk.
class Space {
 public:
  // What is free in `directory` now, down to `floor`, without what others reserved that tell of it
  // in the directory `reservations` (empty: nobody tells, and nobody is told).
  Space(const std::filesystem::path& directory, std::uint64_t floor,
        const std::filesystem::path& reservations);
  // Takes `bytes` if with all that was taken they are less than half of what may be filled; else
  // takes nothing: the rest is better known before more is begun.
  bool reserve_early(std::uint64_t bytes);
  // Throws Exhausted with a sentence that names all three sizes when they do not fit any more.
  void reserve(std::uint64_t bytes);
  // So many of the reserved bytes are on the disk. Any thread.
  void written(std::uint64_t bytes);

 private:
  std::optional<Lease> count();
  void take(std::uint64_t bytes);

  std::filesystem::path directory_;
  std::uint64_t floor_;
  std::unique_ptr<Reservations> reservations_;  // may be empty
  std::uint64_t free_;                          // at first, or when it was counted last
  std::uint64_t pending_ = 0;                   // reserved by all, then
  std::uint64_t reserved_ = 0;                  // by this one
};

}  // namespace trainyard::objectstore
