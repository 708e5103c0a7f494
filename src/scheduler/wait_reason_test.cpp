#include "scheduler/wait_reason.hpp"

#include <gtest/gtest.h>

#include "scheduler/scheduler_fixture.hpp"

namespace trainyard::scheduler {
namespace {

using namespace std::chrono_literals;

class WaitReasonTest : public SchedulerFixture {
 protected:
  // So that runs of `gpus` GPUs have a history of one that took `duration`.
  void remember(unsigned gpus, Milliseconds duration, const std::string& framework = "tensorflow") {
    const auto id = submit(gpus, "before", framework);
    tick();
    train(id);
    clock_.advance(duration);
    finish(id);
  }
};

TEST_F(WaitReasonTest, NothingIsKnownAboutAnUnknownOrEndedOrRunningRun) {
  EXPECT_FALSE(scheduler_->why(RunId::generate()));
  const auto a = submit(1);
  tick();
  EXPECT_FALSE(scheduler_->why(a));
  train(a);
  EXPECT_FALSE(scheduler_->why(a));
  finish(a);
  EXPECT_FALSE(scheduler_->why(a));
}

TEST_F(WaitReasonTest, ARunThatNobodyStandsBeforeStartsNow) {
  const auto a = submit(2);
  const auto reason = scheduler_->why(a).value();
  EXPECT_EQ(reason.place, 1u);
  EXPECT_EQ(reason.message, "starts now on GPU-0, GPU-1");
  EXPECT_TRUE(reason.blocked_by.empty());
}

TEST_F(WaitReasonTest, TooFewFreeNamesWhoHoldsThemAndWhatWouldStartNow) {
  const auto holder = submit(3, "tf-mnist");
  const auto waits = submit(2);
  tick();
  const auto reason = scheduler_->why(waits).value();
  EXPECT_EQ(reason.place, 1u);
  EXPECT_EQ(reason.message, "needs 2 GPUs and 1 of 4 is free: " + holder.str() +
                                " (tf-mnist) holds 3; with 1 GPU it would start now; nothing is "
                                "known yet to say for how long");
  EXPECT_EQ(reason.blocked_by, std::vector{holder});
  EXPECT_FALSE(reason.estimate);
}

TEST_F(WaitReasonTest, AGpuThatAnOutsiderUsesIsNamed) {
  auto capacity = engine::gpus(2);
  capacity.slots[1].unavailable = "busy: pid 4711 (python) uses 3.2 GiB of it";
  engine_.set_capacity(capacity);
  const auto waits = submit(2);
  tick();
  EXPECT_EQ(phase(waits), model::Phase::Queued);
  EXPECT_EQ(why(waits),
            "needs 2 GPUs and 1 of 2 is free: GPU-1 is busy: pid 4711 (python) uses 3.2 GiB of it; "
            "with 1 GPU it would start now; nothing is known yet to say for how long");
}

TEST_F(WaitReasonTest, AHeldGpuThatLooksBusyIsNamedOnce) {
  const auto holder = submit(4, "");
  tick();
  auto capacity = engine::gpus(4);
  capacity.slots[0].unavailable = "busy: pid 1 (podman) computes on it";
  engine_.set_capacity(capacity);
  EXPECT_EQ(why(submit(1)), "needs 1 GPU and 0 of 4 are free: " + holder.str() +
                                " holds 4; nothing is known yet to say for how long");
}

TEST_F(WaitReasonTest, ARunBehindAnotherNamesThatOneAndWhatItWaitsFor) {
  const auto holder = submit(1, "a");
  tick();
  const auto head = submit(4, "big");
  const auto middle = submit(1);
  const auto last = submit(1);
  tick();
  const auto reason = scheduler_->why(last).value();
  EXPECT_EQ(reason.place, 3u);
  EXPECT_EQ(reason.message,
            "waits behind " + head.str() + " (big): that one needs 4 GPUs and 3 of 4 are free: " +
                holder.str() + " (a) holds 1; nothing is known yet to say for how long");
  EXPECT_EQ(reason.blocked_by, (std::vector{head, holder}));
  EXPECT_EQ(scheduler_->why(middle)->place, 2u);
}

TEST_F(WaitReasonTest, AnEnvironmentThatIsBuiltIsTheReason) {
  const auto a = submit(1);
  gate_.set(a, Readiness::State::Building, "building tensorflow 2.x for 40 s");
  const auto b = submit(4, "b");
  const auto c = submit(1);
  gate_.set(c, Readiness::State::Building, "building keras");
  tick();
  EXPECT_EQ(why(a),
            "waits for its environment: building tensorflow 2.x for 40 s; nothing is known yet to "
            "say for how long");
  EXPECT_TRUE(scheduler_->why(a)->blocked_by.empty());
  EXPECT_EQ(why(b), "needs 4 GPUs and 3 of 4 are free: 1 is kept for " + a.str() +
                        " (mnist), whose environment is being made; with 3 GPUs it would start "
                        "now; nothing is known yet to say for how long");
  EXPECT_EQ(why(c), "waits behind " + b.str() +
                        " (b): that one needs 4 GPUs and 3 of 4 are free: 1 is kept for " +
                        a.str() +
                        " (mnist), whose environment is being made; meanwhile its environment is "
                        "being made: building keras; nothing is known yet to say for how long");
}

TEST_F(WaitReasonTest, ABuildAtTheHeadThatIsShortTooBlocks) {
  const auto holder = submit(3, "h");
  tick();
  const auto head = submit(2, "head");
  gate_.set(head, Readiness::State::Building, "building");
  const auto behind = submit(1);
  EXPECT_EQ(why(behind), "waits behind " + head.str() +
                             " (head): that one waits for its environment: building; then it needs "
                             "2 GPUs and 1 of 4 is free: " +
                             holder.str() +
                             " (h) holds 3; nothing is known yet to say for how long");
  EXPECT_EQ(scheduler_->why(behind)->blocked_by, (std::vector{head, holder}));
}

TEST_F(WaitReasonTest, AMachineThatShrankSaysWhatFits) {
  const auto big = submit(4);
  engine_.set_capacity(engine::gpus(1));
  const auto small = submit(1);
  EXPECT_EQ(why(big),
            "needs 4 GPUs and this machine has 1: cancel it and submit it with a size that fits "
            "(small, k80, p100, v100)");
  EXPECT_EQ(why(small), "starts now on GPU-0");
  EXPECT_EQ(scheduler_->why(small)->place, 1u) << "the other one is in nobody's way";
}

TEST_F(WaitReasonTest, AGateThatCannotAnswerKeepsTheRunWaitingAndSaysSo) {
  class BrokenGate final : public RuntimeGate {
    Readiness readiness(const model::TrainingRun&) override { throw std::runtime_error("broken"); }
  } broken;
  const auto scheduler =
      make_scheduler(runs(), engine_, broken, clock_,
                     {.learner_token = [](const RunId&, unsigned) { return Secret(); }});
  const auto a = submit(1);
  scheduler->tick();
  EXPECT_EQ(phase(a), model::Phase::Queued);
  EXPECT_TRUE(scheduler->why(a)->message.starts_with(
      "waits for its environment: it cannot be asked for: broken"));
}

TEST_F(WaitReasonTest, ManyHoldersAreCutShort) {
  engine_.set_capacity(engine::gpus(9));
  for (int i = 0; i < 9; ++i) submit(1, "n" + std::to_string(i));
  tick();
  const std::string text = why(submit(1));
  EXPECT_NE(text.find("(n4) holds 1, and 4 more; nothing"), std::string::npos) << text;
}

// ---- estimates

TEST_F(WaitReasonTest, HistoryAndElapsedTimeGiveAnEstimate) {
  remember(3, 10min);
  remember(1, 4min);
  const auto holder = submit(3);
  tick();
  clock_.advance(6min);
  const auto waits = submit(4);
  const auto behind = submit(1);
  tick();
  EXPECT_EQ(scheduler_->why(waits)->estimate, clock_.now() + 4min);
  EXPECT_TRUE(why(waits).ends_with("; it may start in about 4 min")) << why(waits);
  EXPECT_FALSE(scheduler_->why(behind)->estimate) << "nobody knows how long 4 GPUs are used";
  EXPECT_EQ(phase(holder), model::Phase::Starting);
}

TEST_F(WaitReasonTest, TheRunsAheadCountWithTheirOwnDurations) {
  remember(4, 10min);
  const auto first = submit(4), second = submit(4), third = submit(4);
  tick();
  clock_.advance(1min);
  EXPECT_EQ(scheduler_->why(second)->estimate, clock_.now() + 9min);
  EXPECT_EQ(scheduler_->why(third)->estimate, clock_.now() + 19min);
  clock_.advance(19min);
  EXPECT_EQ(scheduler_->why(second)->estimate, clock_.now() + 2min) << "twice its time already";
  finish(first);
}

TEST_F(WaitReasonTest, TheMedianOfSuchRunsCounts) {
  for (const auto minutes : {1min, 100min, 5min}) remember(4, minutes);
  remember(4, 77min, "pytorch");
  clock_.advance(1min);  // what is known is read again after a minute
  submit(4);
  tick();
  const auto waits = submit(4, "w", "pytorch");
  EXPECT_EQ(scheduler_->why(waits)->estimate, clock_.now() + 5min);
}

TEST_F(WaitReasonTest, NoEstimateRestsOnAnOutsiderOrABuild) {
  remember(1, 1min);
  auto capacity = engine::gpus(2);
  capacity.slots[0].unavailable = "busy";
  engine_.set_capacity(capacity);
  submit(1);
  tick();
  const auto outsider = submit(2);
  EXPECT_FALSE(scheduler_->why(outsider)->estimate);
  const auto built = submit(1);
  gate_.set(outsider, Readiness::State::Building, "b");
  EXPECT_FALSE(scheduler_->why(built)->estimate);
}

}  // namespace
}  // namespace trainyard::scheduler
