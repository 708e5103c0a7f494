#include "learner/layout.hpp"

#include <gtest/gtest.h>

#include "learner/test_assignment.hpp"

namespace trainyard::learner {
namespace {

TEST(Layout, APlainCommandSeesTheHostsPaths) {
  const Layout layout = layout_of("/w", test_assignment(), Confinement::None);
  EXPECT_EQ(layout.seen(layout.model_dir()), "/w/job/model-code");
  EXPECT_EQ(layout.seen(layout.result_dir()), "/w/mnt/results/mnist-results/" + kTestRun);
}

TEST(Layout, AConfinedCommandSeesTheDocumentedPaths) {
  for (const auto confinement : {Confinement::Sandbox, Confinement::Container}) {
    const Layout layout = layout_of("/w", test_assignment(), confinement);
    EXPECT_EQ(layout.seen(layout.model_dir()), "/job/model-code");
    EXPECT_EQ(layout.seen(layout.data_dir()), "/mnt/data/mnist-data");
    EXPECT_EQ(layout.seen(layout.checkpoint_dir()), "/mnt/results/mnist-results/_wml_checkpoints");
    EXPECT_EQ(layout.seen(layout.home()), "/root");
    EXPECT_EQ(layout.seen(layout.tmp()), "/tmp");
  }
}

TEST(Layout, NoBucketNameLeavesTheWorkDirectory) {
  auto assignment = test_assignment();
  assignment.manifest.training_data.bucket = "..";
  assignment.manifest.training_results.bucket = "../../etc";
  const Layout layout = layout_of("/w", assignment, Confinement::None);
  EXPECT_EQ(layout.data_dir(), "/w/mnt/data/%2E%2E");
  EXPECT_EQ(layout.results_bucket_dir(), "/w/mnt/results/..%2F..%2Fetc");
}

}  // namespace
}  // namespace trainyard::learner
