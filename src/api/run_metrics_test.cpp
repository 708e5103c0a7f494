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
  RunMetrics metrics_;
};

TEST_F(RunMetricsTest, AreTheLatestOfEachPhaseTheLatestFirst) {
  EXPECT_TRUE(metrics_.latest(*logs_, run_)->metrics.empty());
  write(line("train", 1, 0.5) + line("test", 1, 0.4) + line("train", 2, 0.6) + "no metric\n" +
        line("test", 2, 0.55) + R"({"grouplabel":"test","values":)");
  const auto metrics = metrics_.latest(*logs_, run_)->metrics;
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].phase, "test");
  EXPECT_EQ(metrics[0].iteration, 2);
  EXPECT_EQ(metrics[0].values, (std::vector<std::pair<std::string, double>>{{"accuracy", 0.55}}));
  EXPECT_EQ(metrics[1].phase, "train");
  EXPECT_EQ(metrics[1].iteration, 2);
  EXPECT_EQ(metrics_.latest(*logs_, run_)->text, wire::encode(metrics));
}

TEST_F(RunMetricsTest, OfALongLogTheEndIsLookedAt) {
  write(line("once", 1, 0.5));
  for (int i = 0; i < 2000; ++i) write(line("train", i, 0.5));
  write("{\"half\":");
  const auto metrics = metrics_.latest(*logs_, run_)->metrics;
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].iteration, 1999);
}

TEST_F(RunMetricsTest, AreAtMostEight) {
  for (int i = 0; i < 20; ++i) write(line(fmt::format("phase {}", i), i, 0.5));
  const auto metrics = metrics_.latest(*logs_, run_)->metrics;
  ASSERT_EQ(metrics.size(), 8u);
  EXPECT_EQ(metrics[7].phase, "phase 12");
}

TEST_F(RunMetricsTest, ALineWithoutAnEndIsNoMetric) {
  write(std::string(100'000, 'x'));
  EXPECT_TRUE(metrics_.latest(*logs_, run_)->metrics.empty());
}

TEST_F(RunMetricsTest, ARunThatNeverBeganHasNone) {
  write(line("train", 1, 0.5));
  run_.status.execute_began = false;
  EXPECT_TRUE(metrics_.latest(*logs_, run_)->metrics.empty());
}

// Counts how often it is looked at.
class CountingLogs final : public logstore::LogStore {
 public:
  explicit CountingLogs(LogStore& inner) : inner_(inner) {}
  std::uint64_t append(const model::RunId& run, logstore::Stream stream, std::uint64_t offset,
                       std::string_view bytes) override {
    return inner_.append(run, stream, offset, bytes);
  }
  std::uint64_t size(const model::RunId& run, logstore::Stream stream) override {
    ++sizes;
    return inner_.size(run, stream);
  }
  std::string read(const model::RunId& run, logstore::Stream stream, std::uint64_t offset,
                   std::size_t max) override {
    ++reads;
    return inner_.read(run, stream, offset, max);
  }
  Extent locate(const model::RunId& run, logstore::Stream stream, std::uint64_t offset,
                std::uint64_t max) override {
    return inner_.locate(run, stream, offset, max);
  }
  std::uint64_t offset_of_last_lines(const model::RunId& run, logstore::Stream stream,
                                     std::size_t lines) override {
    return inner_.offset_of_last_lines(run, stream, lines);
  }
  void seal(const model::RunId& run) override { inner_.seal(run); }
  bool sealed(const model::RunId& run) override { return inner_.sealed(run); }
  Subscription subscribe(const model::RunId& run, std::function<void()> wake) override {
    return inner_.subscribe(run, std::move(wake));
  }
  void remove(const model::RunId& run) override { inner_.remove(run); }

  int sizes = 0, reads = 0;

 private:
  LogStore& inner_;
};

TEST_F(RunMetricsTest, ALogThatHasNotGrownIsNotReadAgain) {
  CountingLogs logs(*logs_);
  for (int i = 1; i <= 3; ++i) {
    write(line("train", i, 0.1 * i));
    for (int asked = 0; asked < 3; ++asked) {
      EXPECT_EQ(metrics_.latest(logs, run_)->metrics.at(0).iteration, i);
    }
    EXPECT_EQ(logs.reads, i);
  }
}

TEST_F(RunMetricsTest, TheLogOfAnEndedRunIsLookedAtOnce) {
  CountingLogs logs(*logs_);
  for (const bool measured : {true, false}) {
    if (measured) write(line("train", 1, 0.5));
    run_.status.phase = model::Phase::Training;
    EXPECT_EQ(metrics_.latest(logs, run_)->metrics.size(), measured ? 1u : 0u);
    run_.status.phase = model::Phase::Ended;
    logs.sizes = 0;
    for (int asked = 0; asked < 3; ++asked) {
      EXPECT_EQ(metrics_.latest(logs, run_)->metrics.size(), measured ? 1u : 0u);
    }
    EXPECT_EQ(logs.sizes, 1) << measured;
    run_.id = model::RunId::generate();
  }
}

TEST_F(RunMetricsTest, WhatGrewIsFoundWhereLittleIsKept) {
  CountingLogs logs(*logs_);
  RunMetrics few(800);  // of these runs one in each half
  for (int i = 1; i <= 3; ++i) {
    write(line("train", i, 0.1 * i));
    for (int asked = 0; asked < 3; ++asked) {
      EXPECT_EQ(few.latest(logs, run_)->metrics.at(0).iteration, i);
    }
    EXPECT_EQ(logs.reads, i);
  }
}

TEST_F(RunMetricsTest, OnlySoManyRunsAreKept) {
  CountingLogs logs(*logs_);
  RunMetrics few(800);  // of these runs one in each half
  const auto first = run_.id;
  for (int i = 0; i < 10; ++i) {
    write(line("train", i, 0.5));
    for (int asked = 0; asked < 2; ++asked) {
      EXPECT_EQ(few.latest(logs, run_)->metrics.at(0).iteration, i);
    }
    run_.id = model::RunId::generate();
  }
  EXPECT_EQ(logs.reads, 10);
  run_.id = first;
  EXPECT_EQ(few.latest(logs, run_)->metrics.at(0).iteration, 0);
  EXPECT_EQ(logs.reads, 11) << "it was forgotten, and read again";
}

TEST_F(RunMetricsTest, WhatIsAskedForStaysAndTheRestGoes) {
  CountingLogs logs(*logs_);
  RunMetrics some(10'000);  // of texts of 1,000 bytes: four in each half
  const auto reads_of = [&](int number) {
    run_.id = model::RunId::parse(fmt::format("training-{:09}", number)).value();
    const int before = logs.reads;
    EXPECT_EQ(some.latest(logs, run_)->metrics.at(0).iteration, number);
    return logs.reads - before;
  };
  for (int number = 1; number <= 40; ++number) {
    run_.id = model::RunId::parse(fmt::format("training-{:09}", number)).value();
    write(line(std::string(900, 'x'), number, 0.5));
    EXPECT_EQ(reads_of(number), 1);
    EXPECT_EQ(reads_of(1), 0) << number;
  }
  EXPECT_EQ(reads_of(40), 0);
  EXPECT_EQ(reads_of(2), 1);
}

TEST_F(RunMetricsTest, ATextLargerThanItMayKeepIsNotKept) {
  CountingLogs logs(*logs_);
  RunMetrics few(1000);
  write(line(std::string(2000, 'x'), 1, 0.5));
  for (int asked = 1; asked <= 2; ++asked) {
    EXPECT_EQ(few.latest(logs, run_)->metrics.at(0).iteration, 1);
    EXPECT_EQ(logs.reads, asked);
  }
}

}  // namespace
}  // namespace trainyard::api
