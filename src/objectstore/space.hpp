#pragma once
#include <cstdint>
#include <filesystem>

namespace trainyard::objectstore {

// The room that a transfer may fill on a disk.
class Space {
 public:
  // What is free in `directory` now, down to `floor`.
  Space(const std::filesystem::path& directory, std::uint64_t floor);
  // Takes `bytes` if with all that was taken they are less than half of what may be filled; else
  // takes nothing: the rest is better known before more is begun.
  bool reserve_early(std::uint64_t bytes);
  // Throws Exhausted with a sentence that names all three sizes when they do not fit any more.
  void reserve(std::uint64_t bytes);

 private:
  std::uint64_t usable() const { return free_ > floor_ ? free_ - floor_ : 0; }

  std::filesystem::path directory_;
  std::uint64_t floor_;
  std::uint64_t free_;
  std::uint64_t reserved_ = 0;
};

}  // namespace trainyard::objectstore
