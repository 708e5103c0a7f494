#include "api/experiment_monitor.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "repository/memory_repository.hpp"
#include "repository/sample_records.hpp"
#include "wire/experiment_run.hpp"

namespace trainyard::api {
namespace {

// Counts how often it is read.
class CountedLogs final : public logstore::LogStore {
 public:
  explicit CountedLogs(const fs::path& directory) : inner_(logstore::open_log_store(directory)) {}

  std::size_t reads = 0;

  std::string read(const model::RunId& run, logstore::Stream stream, std::uint64_t offset,
                   std::size_t max) override {
    ++reads;
    return inner_->read(run, stream, offset, max);
  }
  std::uint64_t append(const model::RunId& run, logstore::Stream stream, std::uint64_t offset,
                       std::string_view bytes) override {
    return inner_->append(run, stream, offset, bytes);
  }
  std::uint64_t size(const model::RunId& run, logstore::Stream stream) override {
    return inner_->size(run, stream);
  }
  Extent locate(const model::RunId& run, logstore::Stream stream, std::uint64_t offset,
                std::uint64_t max) override {
    return inner_->locate(run, stream, offset, max);
  }
  std::uint64_t offset_of_last_lines(const model::RunId& run, logstore::Stream stream,
                                     std::size_t lines) override {
    return inner_->offset_of_last_lines(run, stream, lines);
  }
  void seal(const model::RunId& run) override { inner_->seal(run); }
  bool sealed(const model::RunId& run) override { return inner_->sealed(run); }
  Subscription subscribe(const model::RunId& run, std::function<void()> wake) override {
    return inner_->subscribe(run, std::move(wake));
  }
  void remove(const model::RunId& run) override { inner_->remove(run); }

 private:
  const std::unique_ptr<logstore::LogStore> inner_;
};

class ExperimentMonitorTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kTrainings = 100;

  ExperimentMonitorTest() {
    for (std::size_t i = 0; i < kTrainings; ++i) {
      auto run = repository::new_run(static_cast<int>(i));
      run.manifest.name = std::to_string(i);
      runs_.push_back(records_.runs->create(run, {}));
    }
    monitor_ = monitor_experiment({*records_.runs, logs_, hub_}, runs_, std::nullopt);
    monitor_->on_ready([this] { ++woken_; });
  }

  // What it has to tell now: names of trainings and what each said.
  std::vector<std::pair<std::string, std::string>> told() {
    std::vector<std::pair<std::string, std::string>> told;
    do {
      woken_ = 0;
      for (auto chunk = monitor_->poll(1 << 20); !chunk.bytes.empty();
           chunk = monitor_->poll(1 << 20)) {
        const auto frame = wire::decode_experiment_frame(chunk.bytes);
        told.emplace_back(frame.name, frame.message);
      }
    } while (woken_ > 0);
    return told;
  }
  void append(std::size_t training, std::string_view text) {
    const auto& id = runs_[training].id;
    logs_.append(id, logstore::Stream::Training, logs_.size(id, logstore::Stream::Training), text);
  }

  TempDir dir_;
  CountedLogs logs_{dir_.path()};
  RunHub hub_;
  repository::Repositories records_ = repository::make_memory_repositories();
  std::vector<model::TrainingRun> runs_;
  std::shared_ptr<http::PushSource> monitor_;
  std::size_t woken_ = 0;
};

using Told = std::vector<std::pair<std::string, std::string>>;

TEST_F(ExperimentMonitorTest, ATrainingThatHasNothingToTellCostsNothing) {
  EXPECT_EQ(told().size(), kTrainings);
  logs_.reads = 0;
  append(7, "one\n");
  EXPECT_EQ(told(), (Told{{"7", "one\n"}}));
  EXPECT_LE(logs_.reads, 4u);
}

TEST_F(ExperimentMonitorTest, OneThatHasMuchToTellTakesTurnsWithTheOthers) {
  told();
  append(7, std::string(9'000, 'x') + "\n");
  append(3, "one\n");
  append(5, "two\n");
  const auto order = told();
  ASSERT_EQ(order.size(), 5u);
  EXPECT_EQ(order[0].first, "7");
  EXPECT_EQ(order[1], (Told::value_type{"3", "one\n"}));
  EXPECT_EQ(order[2], (Told::value_type{"5", "two\n"}));
  EXPECT_EQ(order[4].first, "7");
}

TEST_F(ExperimentMonitorTest, LetsOthersHaveTheirTurnWhileItLooksForSomethingToTell) {
  told();
  for (std::size_t i = 0; i < kTrainings; ++i) hub_.changed(runs_[i].id);
  logs_.reads = 0;
  woken_ = 0;
  EXPECT_TRUE(monitor_->poll(1 << 20).bytes.empty());
  EXPECT_EQ(woken_, 1u);
  EXPECT_LT(logs_.reads, 2 * kTrainings);
  append(99, "one\n");
  EXPECT_EQ(told(), (Told{{"99", "one\n"}}));
}

TEST_F(ExperimentMonitorTest, EndsWhenAllOfThemAreGone) {
  told();
  std::vector<model::RunId> ids;
  for (const auto& run : runs_) ids.push_back(run.id);
  records_.runs->remove(ids);
  for (std::size_t i = 0; i + 1 < kTrainings; ++i) hub_.changed(ids[i]);
  EXPECT_TRUE(told().empty());
  EXPECT_FALSE(monitor_->poll(1 << 20).end);
  hub_.changed(ids.back());
  EXPECT_TRUE(monitor_->poll(1 << 20).bytes.empty());
  EXPECT_TRUE(monitor_->poll(1 << 20).end);
}

}  // namespace
}  // namespace trainyard::api
