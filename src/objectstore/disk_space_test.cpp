#include "objectstore/disk_space.hpp"

#include <gtest/gtest.h>

namespace trainyard::objectstore {
namespace {

TEST(DiskSpace, IsCountedInWholeBlocks) {
  EXPECT_EQ(disk_bytes(0), 4096u);
  EXPECT_EQ(disk_bytes(1), 4096u);
  EXPECT_EQ(disk_bytes(4096), 4096u);
  EXPECT_EQ(disk_bytes(4097), 8192u);
  EXPECT_EQ(disk_bytes(UINT64_MAX), UINT64_MAX - 4095);
  Listing listing;
  for (const std::uint64_t size : {1, 5000, 0}) listing.emplace_back(ObjectInfo{"k", size});
  EXPECT_EQ(space_of(listing), (DiskSpace{4 * 4096, 3}));
  EXPECT_EQ(space_of(listing, 1), (DiskSpace{3 * 4096, 2}));
  EXPECT_EQ(directory_space(3), (DiskSpace{3 * 4096, 3}));
}

TEST(DiskSpace, NeverTurnsOver) {
  const DiskSpace huge = file_space(UINT64_MAX);
  EXPECT_EQ((huge + huge), (DiskSpace{UINT64_MAX, 2}));
  EXPECT_EQ((DiskSpace{1, 5} - DiskSpace{2, 3}), (DiskSpace{0, 2}));
  EXPECT_FALSE((DiskSpace{100, 1}).holds({100, 2}));
  EXPECT_FALSE((DiskSpace{100, 2}).holds({101, 2}));
  EXPECT_TRUE((DiskSpace{100, 2}).holds({100, 2}));
}

}  // namespace
}  // namespace trainyard::objectstore
