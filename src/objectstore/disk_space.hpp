#pragma once
// What files take on a disk, which for many small ones is far more than their bytes.
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "objectstore/listing.hpp"

namespace trainyard::objectstore {

// Room on a disk: needed, reserved or free. Sums stop at the largest number.
struct DiskSpace {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;  // one for each file and directory

  bool holds(const DiskSpace& need) const { return need.bytes <= bytes && need.inodes <= inodes; }
  bool operator==(const DiskSpace&) const = default;
};
DiskSpace operator+(const DiskSpace& a, const DiskSpace& b);
DiskSpace operator-(const DiskSpace& a, const DiskSpace& b);  // not below nothing

// What a file of so many bytes takes: whole blocks of 4 KiB, an empty one too. That is the block of
// nearly every file system; what a last block has to spare is for the inode and the names. Whatever
// is reserved, lands or leaves is counted by this alone, so that sums come out even.
std::uint64_t disk_bytes(std::uint64_t size);
DiskSpace file_space(std::uint64_t size);
// Of the objects from the index `first` on.
DiskSpace space_of(const Listing& listing, std::size_t first = 0);
DiskSpace directory_space(std::size_t directories);

// In `directory`, for this user. Where a file system has no limit on inodes they never end.
DiskSpace free_space(const std::filesystem::path& directory);
// Of the file system, were it empty; likewise.
DiskSpace whole_space(const std::filesystem::path& directory);

}  // namespace trainyard::objectstore
