#include "wire/progress_text.hpp"

#include <gtest/gtest.h>

namespace trainyard::wire {
namespace {

TEST(ProgressText, SaysBytesFilesRateLimitAndEstimate) {
  const Progress progress{.phase = "staging",
                          .files_done = 12,
                          .files_total = 40,
                          .bytes_done = 3u << 20,
                          .bytes_total = 6u << 20,
                          .bytes_from_cache = 1u << 20,
                          .bytes_per_second = 1 << 19,
                          .remaining = Milliseconds{6000},
                          .limited_by = "disk"};
  EXPECT_EQ(
      progress_text(progress),
      "12 of 40 files, 3 MiB of 6 MiB (1 MiB from the cache), 512 KiB/s, limited by the disk, "
      "6 s left");
}

TEST(ProgressText, TroubleComesLastOrAlone) {
  Progress progress{.phase = "storing"};
  progress.trouble = "the store is away";
  EXPECT_EQ(progress_text(progress), "the store is away");
  progress.files_total = 2;
  EXPECT_EQ(progress_text(progress), "0 of 2 files, 0 B of 0 B; the store is away");
}

}  // namespace
}  // namespace trainyard::wire
