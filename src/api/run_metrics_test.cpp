#include "api/run_metrics.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/files.hpp"

namespace trainyard::api {
namespace {

class RunMetricsTest : public ::testing::Test {
 protected:
  RunMetricsTest() {
    run_.id = model::RunId::generate();
    run_.status.execute_began = true;
  }
  void write(std::string_view text) {
    const auto stream = logstore::Stream::Metrics;
    logs_->append(run_.id, stream, logs_->size(run_.id, stream), text);
  }
  static std::string line(const std::string& phase, int iteration, double accuracy) {
    return fmt::format(
        R"({{"grouplabel":"{}","etimes":{{"iteration":{}}},"values":{{"accuracy":{}}}}})"
        "\n",
        phase, iteration, accuracy);
  }

  TempDir dir_;
  std::unique_ptr<logstore::LogStore> logs_ = logstore::open_log_store(dir_.path() / "logs");
  model::TrainingRun run_;
};

TEST_F(RunMetricsTest, AreTheLatestOfEachPhaseTheLatestFirst) {
  EXPECT_TRUE(latest_metrics(*logs_, run_).empty());
  write(line("train", 1, 0.5) + line("test", 1, 0.4) + line("train", 2, 0.6) + "no metric\n" +
        line("test", 2, 0.55) + R"({"grouplabel":"test","values":)");
  const auto metrics = latest_metrics(*logs_, run_);
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].phase, "test");
  EXPECT_EQ(metrics[0].iteration, 2);
  EXPECT_EQ(metrics[0].values, (std::vector<std::pair<std::string, double>>{{"accuracy", 0.55}}));
  EXPECT_EQ(metrics[1].phase, "train");
  EXPECT_EQ(metrics[1].iteration, 2);
}

TEST_F(RunMetricsTest, OfALongLogTheEndIsLookedAt) {
  write(line("once", 1, 0.5));
  for (int i = 0; i < 2000; ++i) write(line("train", i, 0.5));
  write("{\"half\":");
  const auto metrics = latest_metrics(*logs_, run_);
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].iteration, 1999);
}

TEST_F(RunMetricsTest, AreAtMostEight) {
  for (int i = 0; i < 20; ++i) write(line(fmt::format("phase {}", i), i, 0.5));
  const auto metrics = latest_metrics(*logs_, run_);
  ASSERT_EQ(metrics.size(), 8u);
  EXPECT_EQ(metrics[7].phase, "phase 12");
}

TEST_F(RunMetricsTest, ALineWithoutAnEndIsNoMetric) {
  write(std::string(100'000, 'x'));
  EXPECT_TRUE(latest_metrics(*logs_, run_).empty());
}

TEST_F(RunMetricsTest, ARunThatNeverBeganHasNone) {
  write(line("train", 1, 0.5));
  run_.status.execute_began = false;
  EXPECT_TRUE(latest_metrics(*logs_, run_).empty());
}

}  // namespace
}  // namespace trainyard::api
