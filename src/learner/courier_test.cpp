#include "learner/courier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/files.hpp"
#include "learner/fake_server.hpp"
#include "learner/layout.hpp"
#include "learner/run_log.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

using ::testing::ElementsAre;
using State = FakeServer::State;

const std::string kLog(kTrainingLog);

class CourierTest : public ::testing::Test {
 protected:
  CourierOptions options(unsigned attempt = 1) {
    return {.attempt = attempt,
            .log_directory = dir_.path(),
            .first_pause = Milliseconds(1),
            .longest_pause = Milliseconds(4),
            .log_interval = Milliseconds(1),
            .heartbeat = Milliseconds(60'000),
            .on_cancel = [this] { ++cancels_; },
            .on_superseded = [this] { ++supersedes_; }};
  }
  Courier make(CourierOptions options) {
    return Courier(server_, clock_, dir_.path() / "journal", std::move(options));
  }
  void set(void (*change)(State&)) { server_.with(change); }

  TempDir dir_;
  SystemClock clock_;
  FakeServer server_;
  std::atomic<int> cancels_{0}, supersedes_{0};
};

TEST_F(CourierTest, SendsEventsInOrderAndLogBytes) {
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  courier.event(model::StagingStarted{1});
  log.write("one\n");
  courier.event(model::TrainingStarted{1});
  log.write("two\n");
  EXPECT_TRUE(courier.flush());
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "training_started"));
  EXPECT_EQ(server_.log(kLog), "one\ntwo\n");
}

TEST_F(CourierTest, SendsTheMetricsThatTheCommandWritesAndNothingElseOfThatName) {
  const auto file = dir_.path() / kMetricsFile;
  const std::string name(kMetricsFile);
  auto with_metrics = options();
  with_metrics.metrics_file = file;
  Courier courier = make(with_metrics);
  write_file_atomic(dir_.path() / "secret", "of the service");
  fs::create_symlink(dir_.path() / "secret", file);
  EXPECT_TRUE(courier.flush());
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_TRUE(courier.flush());
  fs::remove(file);
  EXPECT_EQ(server_.log(name), "");
  write_file_atomic(file, "{}\n");
  EXPECT_TRUE(courier.flush());
  EXPECT_EQ(server_.log(name), "{}\n");
}

TEST_F(CourierTest, TheServerMayBeAwayForLong) {
  set([](State& s) { s.away = true; });
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  courier.event(model::StagingStarted{1});
  log.write("one\n");
  server_.wait_until([](const State& s) { return s.calls > 10; });
  log.write("two\n");
  courier.event(model::TrainingEnded{1, 0});
  set([](State& s) { s.away = false; });
  EXPECT_TRUE(courier.flush());
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "training_ended"));
  EXPECT_EQ(server_.log(kLog), "one\ntwo\n");
}

TEST_F(CourierTest, NothingIsDoubledWhenAnswersAreLost) {
  set([](State& s) { s.answers_lost = 7; });
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  courier.event(model::StagingStarted{1});
  log.write("one\n");
  courier.event(model::TrainingStarted{1});
  EXPECT_TRUE(courier.flush());
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "training_started"));
  EXPECT_EQ(server_.log(kLog), "one\n");
  server_.with([](State& s) { EXPECT_EQ(s.answers_lost, 0u); });
}

TEST_F(CourierTest, TheLastWordComesAfterTheWholeLog) {
  const std::string big(3'000'000, 'x');
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  courier.event(model::StagingStarted{1});
  log.write(big);
  courier.event(model::Finished{1, model::RunState::Completed, std::nullopt});
  EXPECT_TRUE(courier.flush());
  server_.with([&](State& s) {
    EXPECT_EQ(s.logs_at_finish[kLog].size(), big.size());
    EXPECT_LE(s.largest_append, 256u * 1024);
  });
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "finished"));
}

TEST_F(CourierTest, AServerThatLostTheEndOfALogGetsItAgain) {
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  log.write("0123456789");
  EXPECT_TRUE(courier.flush());
  server_.with([](State& s) { s.logs[kLog].resize(4); });
  log.write("abc");
  EXPECT_TRUE(courier.flush());
  EXPECT_EQ(server_.log(kLog), "0123456789abc");
}

TEST_F(CourierTest, AServerThatLostEventsGetsThemAgain) {
  Courier courier = make(options());
  courier.event(model::StagingStarted{1});
  courier.event(model::TrainingStarted{1});
  EXPECT_TRUE(courier.flush());
  server_.with([](State& s) { s.items.clear(); });
  courier.event(model::TrainingEnded{1, 0});
  EXPECT_TRUE(courier.flush());
  EXPECT_THAT(server_.events(),
              ElementsAre("staging_started", "training_started", "training_ended"));
}

TEST_F(CourierTest, ASecondAttemptGoesOnWhereTheServersCopyEnds) {
  put(dir_.path() / kTrainingLog, "first attempt\n");
  server_.with([](State& s) { s.logs[kLog] = "first at"; });
  Courier courier = make(options(2));
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  log.write("second\n");
  EXPECT_TRUE(courier.flush());
  EXPECT_EQ(server_.log(kLog), "first attempt\nsecond\n");
}

TEST_F(CourierTest, WhatAPowerFailureTookFromOurDiskStaysWithTheServer) {
  put(dir_.path() / kTrainingLog, "kept\n");
  server_.with([](State& s) { s.logs[kLog] = "kept\nlost here\n"; });
  Courier courier = make(options(2));
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  log.write("second\n");
  EXPECT_TRUE(courier.flush());
  log.write("third\n");
  EXPECT_TRUE(courier.flush());
  EXPECT_EQ(server_.log(kLog), "kept\nlost here\nsecond\nthird\n");
}

TEST_F(CourierTest, AFirstAttemptDoesNotAskForWhatCannotBe) {
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  log.write("one\n");
  EXPECT_TRUE(courier.flush());
  server_.with([](State& s) { EXPECT_EQ(s.appends, 1u); });
}

TEST_F(CourierTest, ACancelIsToldOnce) {
  set([](State& s) { s.cancel = true; });
  Courier courier = make(options());
  courier.event(model::StagingStarted{1});
  EXPECT_TRUE(courier.flush());
  courier.event(model::TrainingStarted{1});
  EXPECT_TRUE(courier.flush());
  EXPECT_EQ(cancels_, 1);
}

TEST_F(CourierTest, AHeartbeatBringsTheCancelToALearnerWithNothingToSay) {
  set([](State& s) { s.cancel = true; });
  auto quick = options();
  quick.heartbeat = Milliseconds(1);
  Courier courier = make(quick);
  server_.wait_until([](const State& s) { return s.reports > 2; });
  EXPECT_TRUE(courier.flush());
  EXPECT_EQ(cancels_, 1);
}

TEST_F(CourierTest, StopsWhenTheRunIsSuperseded) {
  set([](State& s) { s.superseded = true; });
  {
    Courier courier = make(options());
    courier.event(model::StagingStarted{1});
    EXPECT_FALSE(courier.flush());
    EXPECT_TRUE(courier.superseded());
  }
  EXPECT_EQ(supersedes_, 1);
}

TEST_F(CourierTest, StopsWhenTheRunIsGone) {
  set([](State& s) { s.gone = true; });
  {
    Courier courier = make(options());
    courier.event(model::StagingStarted{1});
    EXPECT_FALSE(courier.flush());
    EXPECT_FALSE(courier.flush());
  }
  EXPECT_EQ(supersedes_, 1);
}

TEST_F(CourierTest, ALogThatIsClosedIsSentNoMoreAndHoldsUpNothing) {
  set([](State& s) { s.sealed = true; });
  Courier courier = make(options());
  RunLog log(dir_.path() / kTrainingLog, clock_, [&] { courier.log_grew(); });
  log.write("too late\n");
  courier.event(model::StoringStarted{1});
  EXPECT_TRUE(courier.flush());
  log.write("later still\n");
  courier.event(model::Finished{1, model::RunState::Completed, {}});
  EXPECT_TRUE(courier.flush());
  EXPECT_THAT(server_.events(), ElementsAre("storing_started", "finished"));
  server_.with([](State& s) { EXPECT_EQ(s.appends, 1u); });
}

TEST_F(CourierTest, ATokenThatIsRefusedOrAnAnswerWeCannotReadEndsNoRun) {
  for (const auto kind :
       {ErrorKind::Unauthenticated, ErrorKind::Internal, ErrorKind::InvalidInput}) {
    server_.with([&](State& s) {
      s.refuses_reports = kind;
      s.reports = 0;
    });
    fs::remove(dir_.path() / "journal");
    Courier courier = make(options());
    courier.event(model::StagingStarted{1});
    server_.wait_until([](const State& s) { return s.reports > 3; });
    EXPECT_FALSE(courier.superseded());
    set([](State& s) { s.refuses_reports = std::nullopt; });
    EXPECT_TRUE(courier.flush());
  }
}

TEST_F(CourierTest, TheLatestProgressIsSent) {
  Courier courier = make(options());
  courier.progress({.phase = "staging", .files_done = 1});
  courier.progress({.phase = "staging", .files_done = 2});
  EXPECT_TRUE(courier.flush());
  server_.with([](State& s) {
    ASSERT_TRUE(s.progress.has_value());
    EXPECT_EQ(s.progress->files_done, 2u);
  });
}

TEST_F(CourierTest, WhatADeadProcessOfTheAttemptLeftIsSentByTheNext) {
  set([](State& s) { s.away = true; });
  {
    Courier courier = make(options());
    RunLog(dir_.path() / kTrainingLog, clock_, {}).write("text\n");
    courier.event(model::StagingStarted{1});
    courier.event(model::Finished{1, model::RunState::Completed, std::nullopt});
  }
  set([](State& s) { s.away = false; });
  Courier courier = make(options());
  EXPECT_TRUE(courier.finished());
  EXPECT_TRUE(courier.flush());
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "finished"));
  server_.with([](State& s) { EXPECT_EQ(s.logs_at_finish[kLog], "text\n"); });
}

TEST_F(CourierTest, EndsAtOnceWhileTheServerIsAway) {
  set([](State& s) { s.away = true; });
  auto slow = options();
  slow.first_pause = slow.longest_pause = Milliseconds(3'600'000);
  Courier courier = make(slow);
  courier.event(model::StagingStarted{1});
  server_.wait_until([](const State& s) { return s.calls > 0; });
}

}  // namespace
}  // namespace trainyard::learner
