#include "objectstore/disk_space.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a > kMost - b ? kMost : a + b; }
std::uint64_t difference(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

DiskSpace operator+(const DiskSpace& a, const DiskSpace& b) {
  return {sum(a.bytes, b.bytes), sum(a.inodes, b.inodes)};
}

DiskSpace operator-(const DiskSpace& a, const DiskSpace& b) {
  return {difference(a.bytes, b.bytes), difference(a.inodes, b.inodes)};
}

std::uint64_t disk_bytes(std::uint64_t size) {
  const std::uint64_t blocks = std::max<std::uint64_t>(1, size / kBlock + (size % kBlock != 0));
  return std::min(blocks, kMost / kBlock) * kBlock;
}

DiskSpace file_space(std::uint64_t size) { return {disk_bytes(size), 1}; }

DiskSpace space_of(const Listing& listing, std::size_t first) {
  DiskSpace space;
  for (std::size_t i = first; i < listing.size(); ++i)
    space = space + file_space(listing[i].size());
  return space;
}

DiskSpace directory_space(std::size_t directories) { return {directories * kBlock, directories}; }

DiskSpace free_space(const fs::path& directory) {
  return {free_bytes(directory), free_inodes(directory)};
}

DiskSpace whole_space(const fs::path& directory) {
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0) throw_errno("look at " + directory.string());
  const std::uint64_t bytes = std::uint64_t(info.f_blocks) * info.f_frsize;
  return {bytes, info.f_files == 0 ? kMost : std::uint64_t(info.f_files)};
}

}  // namespace trainyard::objectstore
