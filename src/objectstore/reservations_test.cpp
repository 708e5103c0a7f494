#include "objectstore/reservations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/space.hpp"

namespace trainyard::objectstore {
namespace {

class ReservationsTest : public testing::Test {
 protected:
  TempDir temp{"trainyard-", scratch()};
  fs::path shared = temp.path() / "reservations";
};

TEST_F(ReservationsTest, AllThatIsPendingIsSeenByAll) {
  Reservations one(shared, temp.path());
  one.add({.cached = 100, .disk = {200, 20}});
  {
    Reservations two(shared, temp.path());
    two.add({.cached = 1, .disk = {2, 3}});
    EXPECT_EQ(one.pending().cached, 101u);
    EXPECT_EQ(two.pending().disk, (DiskSpace{202, 23}));
    one.take_off({.cached = 60, .disk = {150, 15}});
    EXPECT_EQ(two.pending().cached, 41u);
    EXPECT_EQ(two.pending().disk, (DiskSpace{52, 8}));
  }
  EXPECT_EQ(one.pending().cached, 40u);
  EXPECT_EQ(one.ever_cached(), 101u);
}

TEST_F(ReservationsTest, AnotherDiskHasRoomOfItsOwn) {
  Reservations here(shared, temp.path());
  Reservations there(shared, "/proc");
  there.add({.cached = 5, .disk = {7, 1}});
  EXPECT_EQ(here.pending().cached, 5u);
  EXPECT_EQ(here.pending().disk, DiskSpace());
}

TEST_F(ReservationsTest, WhatADeadProcessReservedCountsForNothing) {
  const pid_t child = ::fork();
  if (child == 0) {
    Reservations doomed(shared, temp.path());
    doomed.add({.cached = 100, .disk = {100, 1}});
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const Reservations next(shared, temp.path());
  EXPECT_EQ(next.ever_cached(), 100u);
  EXPECT_EQ(next.pending().cached, 0u);
  EXPECT_EQ(next.pending().disk, DiskSpace());
}

TEST_F(ReservationsTest, TwoTransfersTogetherLeaveTheFloor) {
  constexpr std::uint64_t kMiB = 1u << 20;
  const std::uint64_t floor = free_bytes(temp.path()) - 64 * kMiB;
  auto first = std::make_unique<Space>(temp.path(), floor, shared);
  first->reserve({40 * kMiB, 1});
  Space second(temp.path(), floor, shared);
  EXPECT_FALSE(second.reserve_early({20 * kMiB, 1}));
  try {
    second.reserve({40 * kMiB, 1});
    ADD_FAILURE() << "both fit";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
    EXPECT_THAT(error.what(), testing::HasSubstr("40 MiB of it promised to transfers under way"));
  }
  first.reset();
  second.reserve({40 * kMiB, 1});
}

TEST_F(ReservationsTest, WhatLandsGivesBackWhatWasReservedForIt) {
  Space space(temp.path(), 0, shared);
  const Reservations other(shared, temp.path());
  space.reserve(file_space(1) + file_space(5000));
  EXPECT_EQ(other.pending().disk, (DiskSpace{3 * 4096, 2}));
  space.written(5000);
  EXPECT_EQ(other.pending().disk, (DiskSpace{4096, 1}));
  space.written(1);
  EXPECT_EQ(other.pending().disk, DiskSpace());
}

TEST_F(ReservationsTest, TooFewInodesAreNamed) {
  const std::uint64_t left = free_inodes(temp.path());
  if (left == UINT64_MAX) GTEST_SKIP() << "this file system has no limit on them";
  Space space(temp.path(), 0, {});
  EXPECT_FALSE(space.reserve_early({1, left / 2 + 1}));
  try {
    space.reserve({1, left * 2});
    ADD_FAILURE() << "they fit";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
    EXPECT_THAT(error.what(), testing::HasSubstr(std::to_string(left * 2) + " inodes"));
  }
}

}  // namespace
}  // namespace trainyard::objectstore
