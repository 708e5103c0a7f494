#include "learner/disk_guard.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/files.hpp"

namespace trainyard::learner {
namespace {

class DiskGuardTest : public ::testing::Test {
 protected:
  // Whether a run that holds `own` bytes has to end when `floor` bytes are to stay free.
  bool must_end(std::uint64_t own, std::uint64_t floor) {
    write_file_atomic(dir_.path() / "file", std::string(own, 'x'));
    return DiskGuard(dir_.path(), floor).must_end();
  }
  TempDir dir_;
};

TEST_F(DiskGuardTest, NobodyEndsWhileThereIsRoom) { EXPECT_FALSE(must_end(1 << 20, 1 << 10)); }

TEST_F(DiskGuardTest, FarBelowTheFloorEveryRunEnds) { EXPECT_TRUE(must_end(1, UINT64_MAX)); }

TEST_F(DiskGuardTest, BelowTheFloorARunThatHoldsLittleGoesOn) {
  const std::uint64_t free = free_bytes(dir_.path());
  EXPECT_FALSE(must_end(1, free + free / 2));
}

}  // namespace
}  // namespace trainyard::learner
