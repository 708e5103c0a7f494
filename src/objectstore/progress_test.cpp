#include "objectstore/progress.hpp"

#include <gtest/gtest.h>

namespace trainyard::objectstore {
namespace {

// The clock may not have moved on yet.
std::string limit(ProgressMeter& meter) {
  while (true) {
    const std::string limited_by = meter.snapshot().limited_by;
    if (!limited_by.empty()) return limited_by;
  }
}

TEST(ProgressMeter, TellsTheLimitWhileTheFirstRequestIsUnderWay) {
  ProgressMeter meter({});
  EXPECT_EQ(meter.snapshot().limited_by, "");
  const ProgressMeter::Busy first(meter);
  EXPECT_EQ(limit(meter), "network");
  meter.add_disk(std::chrono::hours(1));
  EXPECT_EQ(limit(meter), "disk");
}

TEST(ProgressMeter, CountsTheTimeOfRequestsThatHaveEnded) {
  ProgressMeter meter({});
  { const ProgressMeter::Busy ended(meter); }
  EXPECT_EQ(limit(meter), "network");
}

}  // namespace
}  // namespace trainyard::objectstore
