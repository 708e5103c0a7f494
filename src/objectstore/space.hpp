#pragma once
#include <cstdint>
#include <filesystem>

namespace trainyard::objectstore {

// The room that a transfer may fill on a disk.
class Space {
 public:
  // What is free in `directory` now, down to `floor`.
  Space(const std::filesystem::path& directory, std::uint64_t floor);
  // Throws Exhausted with a sentence that names all three sizes when they do not fit any more.
  void reserve(std::uint64_t bytes);

 private:
  std::filesystem::path directory_;
  std::uint64_t floor_;
  std::uint64_t free_;
  std::uint64_t reserved_ = 0;
};

}  // namespace trainyard::objectstore
