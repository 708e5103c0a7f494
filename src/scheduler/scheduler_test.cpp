#include "scheduler/scheduler.hpp"

#include <gtest/gtest.h>

#include "scheduler/scheduler_fixture.hpp"

namespace trainyard::scheduler {
namespace {

using model::Phase;
using model::RunState;

class SchedulerTest : public SchedulerFixture {};

// ---- the queue

TEST_F(SchedulerTest, ARunStartsOnTheSlotsItAskedFor) {
  const auto a = submit(2);
  tick();
  EXPECT_EQ(phase(a), Phase::Starting);
  EXPECT_EQ(slots(a), (Slots{"GPU-0", "GPU-1"}));
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 1));
  const auto started = engine_.started();
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].run, a);
  EXPECT_EQ(started[0].attempt, 1u);
  EXPECT_EQ(started[0].slots, (Slots{"GPU-0", "GPU-1"}));
  EXPECT_EQ(started[0].server_url, "http://127.0.0.1:8080");
  EXPECT_EQ(started[0].token.reveal(), "token of " + a.str() + " 1");
}

TEST_F(SchedulerTest, FirstComeFirstServed) {
  const auto a = submit(2), b = submit(2), c = submit(1);
  tick();
  EXPECT_EQ(slots(b), (Slots{"GPU-2", "GPU-3"}));
  EXPECT_EQ(phase(c), Phase::Queued);
  train(a);
  tick();
  EXPECT_EQ(phase(c), Phase::Queued);
  finish(a);
  tick();
  EXPECT_EQ(slots(c), (Slots{"GPU-0"}));
}

TEST_F(SchedulerTest, ABigRunAtTheHeadIsNotOvertaken) {
  const auto a = submit(1);
  tick();
  const auto big = submit(4), small = submit(1);
  tick();
  EXPECT_EQ(phase(big), Phase::Queued);
  EXPECT_EQ(phase(small), Phase::Queued);
  train(a);
  finish(a);
  tick();
  EXPECT_EQ(slots(big).size(), 4u);
  EXPECT_EQ(phase(small), Phase::Queued);
}

TEST_F(SchedulerTest, SlotsAreFreeWhenTheCommandEndedNotWhenItsResultsAreStored) {
  const auto a = submit(4), b = submit(4);
  tick();
  train(a);
  happen(a, model::TrainingEnded{1, 0});
  tick();
  EXPECT_EQ(phase(a), Phase::Storing);
  EXPECT_EQ(slots(b).size(), 4u);
}

TEST_F(SchedulerTest, NoGpusAskedForTakesOneSlot) {
  const auto a = submit(0);
  tick();
  EXPECT_EQ(slots(a), (Slots{"GPU-0"}));
}

TEST_F(SchedulerTest, ABusyGpuIsLeftOut) {
  auto capacity = engine::gpus(3);
  capacity.slots[0].unavailable = "busy";
  engine_.set_capacity(capacity);
  const auto a = submit(2), b = submit(1);
  tick();
  EXPECT_EQ(slots(a), (Slots{"GPU-1", "GPU-2"}));
  EXPECT_EQ(phase(b), Phase::Queued);
  engine_.set_capacity(engine::gpus(3));
  tick();
  EXPECT_EQ(slots(b), (Slots{"GPU-0"}));
}

TEST_F(SchedulerTest, WhatNeverFitsBlocksNobodyHoweverManyThereAre) {
  engine_.set_capacity(engine::gpus(1));
  for (int i = 0; i < 600; ++i) submit(4);
  const auto small = submit(1);
  tick();
  EXPECT_EQ(slots(small), (Slots{"GPU-0"}));
}

TEST_F(SchedulerTest, ALongQueueIsServedInOrder) {
  engine_.set_capacity(engine::gpus(100));
  std::vector<RunId> ids;
  for (int i = 0; i < 700; ++i) ids.push_back(submit(1));
  for (std::size_t next = 0; next < ids.size(); next += 100) {
    tick();
    const auto started = engine_.started();
    ASSERT_EQ(started.size(), next + 100);
    for (std::size_t i = next; i < started.size(); ++i) {
      ASSERT_EQ(started[i].run, ids[i]);
      train(ids[i]);
      finish(ids[i]);
    }
  }
}

TEST_F(SchedulerTest, SlotsTellWhoHoldsThem) {
  const auto a = submit(2);
  tick();
  const auto uses = scheduler_->slots();
  ASSERT_EQ(uses.size(), 4u);
  EXPECT_EQ(uses[1].slot.id, "GPU-1");
  EXPECT_EQ(uses[1].held_by, a);
  EXPECT_FALSE(uses[2].held_by);
  EXPECT_EQ(scheduler_->capacity().slots.size(), 4u);
}

// ---- the environment

TEST_F(SchedulerTest, ARunThatIsBuiltForKeepsItsPlaceAndItsSlots) {
  const auto builds = submit(3), fits = submit(1), waits = submit(1);
  gate_.set(builds, Readiness::State::Building, "building");
  tick();
  EXPECT_EQ(phase(builds), Phase::Queued);
  EXPECT_EQ(slots(fits), (Slots{"GPU-3"}));
  EXPECT_EQ(phase(waits), Phase::Queued) << "it took a slot that was kept";
  gate_.set(builds, Readiness::State::Ready);
  tick();
  EXPECT_EQ(slots(builds), (Slots{"GPU-0", "GPU-1", "GPU-2"}));
}

TEST_F(SchedulerTest, ABrokenEnvironmentStartsALearnerWithoutSlotsToSaySo) {
  submit(4);
  tick();
  const auto broken = submit(2);
  gate_.set(broken, Readiness::State::Failed, "no such package");
  tick();
  EXPECT_EQ(phase(broken), Phase::Starting);
  EXPECT_TRUE(slots(broken).empty());
  EXPECT_TRUE(engine_.started().at(1).slots.empty());
}

// ---- cancel

TEST_F(SchedulerTest, ACanceledQueuedRunIsNeverStarted) {
  const auto a = submit(1);
  cancel(a);
  tick();
  EXPECT_EQ(status(a).state, RunState::Canceled);
  EXPECT_TRUE(engine_.started().empty());
  EXPECT_TRUE(engine_.cancels().empty());
}

TEST_F(SchedulerTest, EveryActivePhaseIsToldOnceToCancel) {
  engine_.set_capacity(engine::gpus(8));
  const auto starting = submit(1), staging = submit(1), training = submit(1), storing = submit(1);
  tick();
  stage(staging);
  train(training);
  train(storing);
  store(storing);
  for (const auto& id : {starting, staging, training, storing}) cancel(id);
  tick();
  std::vector<std::string> handles;
  for (const auto& id : {starting, staging, training, storing})
    handles.push_back(engine::FakeEngine::handle_of(id, 1));
  EXPECT_EQ(engine_.cancels(), handles);
  tick();
  EXPECT_EQ(engine_.cancels().size(), 4u);
  restart();
  tick();
  EXPECT_EQ(engine_.cancels().size(), 8u) << "a restarted service tells them again";
  for (const auto& id : {starting, staging, training, storing}) finish(id, RunState::Canceled);
  tick();
  EXPECT_EQ(engine_.cancels().size(), 8u);
}

TEST_F(SchedulerTest, ARunCanceledBetweenSlotsAndStartIsToldWhenItHasALearner) {
  const auto a = submit(1);
  engine_.lose_next_answer();
  tick();
  EXPECT_EQ(status(a).handle, "");
  cancel(a);
  tick();  // starts, that is finds, its learner
  tick();
  EXPECT_EQ(engine_.cancels(), (Slots{engine::FakeEngine::handle_of(a, 1)}));
  EXPECT_EQ(engine_.started().size(), 1u);
}

// ---- an engine that does not start learners

TEST_F(SchedulerTest, AnEngineInTroubleIsTriedAgainAndTheReasonIsShown) {
  const auto a = submit(1);
  engine_.set_submit_error(Error(ErrorKind::Exhausted, "no more processes"));
  tick();
  EXPECT_EQ(phase(a), Phase::Starting);
  EXPECT_EQ(slots(a).size(), 1u);
  EXPECT_EQ(why(a),
            "its learner cannot be started: no more processes (tried 1 time, again in 1 s)");
  tick();
  EXPECT_EQ(why(a),
            "its learner cannot be started: no more processes (tried 1 time, again in 1 s)");
  clock_.advance(Milliseconds(1000));
  tick();
  EXPECT_EQ(why(a),
            "its learner cannot be started: no more processes (tried 2 times, again in 2 s)");
  EXPECT_EQ(scheduler_->why(a)->place, 0u);
  engine_.set_submit_error(std::nullopt);
  tick();
  EXPECT_TRUE(status(a).handle.empty()) << "before its next try";
  clock_.advance(Milliseconds(2000));
  tick();
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 1));
  EXPECT_EQ(why(a), "(does not wait)");
  EXPECT_EQ(attempt(a), 1u) << "no attempt of the run was spent";
}

TEST_F(SchedulerTest, ARunThatCannotBeStartedCanBeCanceled) {
  const auto a = submit(1);
  engine_.set_submit_error(Error(ErrorKind::Exhausted, "no more processes"));
  tick();
  cancel(a);
  tick();
  EXPECT_EQ(status(a).state, RunState::Canceled);
  EXPECT_TRUE(slots(a).empty());
  EXPECT_EQ(why(a), "(does not wait)");
}

TEST_F(SchedulerTest, TroubleWithOneRunDoesNotKeepOthersFromStarting) {
  const auto a = submit(1);
  engine_.set_submit_error(Error(ErrorKind::Internal, "odd"));
  tick();
  engine_.set_submit_error(std::nullopt);
  const auto b = submit(1);
  tick();
  EXPECT_TRUE(status(a).handle.empty());
  EXPECT_EQ(slots(b), (Slots{"GPU-1"}));
  EXPECT_FALSE(status(b).handle.empty());
}

// ---- quiet times

TEST_F(SchedulerTest, TheEngineIsAskedOnceForAllAndNotMoreOftenThanItLikes) {
  submit(1);
  submit(1);
  tick();
  EXPECT_EQ(engine_.observe_calls(), 1u);
  tick();
  EXPECT_EQ(engine_.observe_calls(), 1u);
  clock_.advance(engine_.traits().observe_every);
  tick();
  EXPECT_EQ(engine_.observe_calls(), 2u);
  clock_.advance(-Milliseconds(3'600'000));
  tick();
  EXPECT_EQ(engine_.observe_calls(), 3u) << "a clock that was set back stops nothing";
}

}  // namespace
}  // namespace trainyard::scheduler
