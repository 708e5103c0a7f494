// Lost learners, restarts of the service in every window, and failures of the record.
#include <gtest/gtest.h>

#include "repository/failing_repository.hpp"
#include "scheduler/scheduler_fixture.hpp"

namespace trainyard::scheduler {
namespace {

using model::Phase;
using model::RunState;
using repository::When;

class SchedulerRecovery : public SchedulerFixture {};

// ---- lost learners

TEST_F(SchedulerRecovery, LostBeforeItsCommandBeganIsQueuedAgainAtItsPlace) {
  const auto a = submit(4), b = submit(4);
  tick();
  stage(a);
  engine_.end(a, 1, "killed by signal 9");
  clock_.advance(engine_.traits().observe_every);
  tick();
  EXPECT_EQ(phase(a), Phase::Staging) << "its last word may be on its way";
  clock_.advance(engine_.traits().observe_every);
  tick();
  EXPECT_EQ(phase(a), Phase::Starting);
  EXPECT_EQ(attempt(a), 2u);
  EXPECT_EQ(status(a).lost_reason, "killed by signal 9");
  EXPECT_EQ(slots(a).size(), 4u);
  EXPECT_EQ(phase(b), Phase::Queued);
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 2));
}

TEST_F(SchedulerRecovery, ALastWordBetweenTheTwoLooksCounts) {
  const auto a = submit(1);
  tick();
  train(a);
  engine_.end(a, 1, "exit code 0");
  clock_.advance(engine_.traits().observe_every);
  tick();
  happen(a, model::Finished{1, RunState::Completed, std::nullopt});
  clock_.advance(engine_.traits().observe_every);
  tick();
  EXPECT_EQ(status(a).state, RunState::Completed);
  EXPECT_EQ(engine_.started().size(), 1u);
}

TEST_F(SchedulerRecovery, AClockThatWasSetBackIsNoSecondLook) {
  const auto a = submit(1);
  tick();
  stage(a);
  engine_.end(a, 1, "killed by signal 9");
  clock_.advance(engine_.traits().observe_every);
  tick();
  clock_.advance(-Milliseconds(3'600'000));
  tick();
  EXPECT_EQ(attempt(a), 1u);
  clock_.advance(engine_.traits().observe_every);
  tick();
  EXPECT_EQ(attempt(a), 2u);
}

TEST_F(SchedulerRecovery, LostWhileTrainingIsNeverTrainedAgainOnlySaved) {
  const auto a = submit(2);
  tick();
  train(a);
  engine_.end(a, 1, "killed by signal 11");
  notice_lost_learners();
  tick();
  EXPECT_EQ(phase(a), Phase::Storing);
  EXPECT_EQ(attempt(a), 2u);
  EXPECT_TRUE(slots(a).empty());
  ASSERT_EQ(engine_.started().size(), 2u);
  EXPECT_TRUE(engine_.started()[1].slots.empty());
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 2));
  finish(a, RunState::Error);
  EXPECT_EQ(status(a).state, RunState::Error);
}

TEST_F(SchedulerRecovery, LostWhileStoringIsSavedByAnother) {
  const auto a = submit(2), b = submit(4);
  tick();
  train(a);
  store(a);
  tick();
  EXPECT_EQ(phase(b), Phase::Starting);
  engine_.end(a, 1, "killed by signal 9");
  notice_lost_learners();
  tick();
  EXPECT_EQ(attempt(a), 2u);
  EXPECT_EQ(phase(a), Phase::Storing);
}

TEST_F(SchedulerRecovery, LostAfterItWasToCancelIsSavedAndNotQueued) {
  const auto a = submit(1);
  tick();
  stage(a);
  cancel(a);
  engine_.end(a, 1, "killed by signal 15");
  notice_lost_learners();
  tick();
  EXPECT_EQ(phase(a), Phase::Storing);
  EXPECT_EQ(attempt(a), 2u);
}

TEST_F(SchedulerRecovery, AfterTheLastAttemptItEndsWithAVerdict) {
  const auto a = submit(1);
  for (unsigned attempt = 1; attempt <= model::kMaxAttempts; ++attempt) {
    clock_.advance(Milliseconds(30'000));
    tick();
    ASSERT_EQ(this->attempt(a), attempt);
    stage(a);
    engine_.end(a, attempt, "exit code 70");
    notice_lost_learners();
  }
  EXPECT_EQ(status(a).state, RunState::Error);
  ASSERT_TRUE(status(a).verdict);
  EXPECT_EQ(status(a).verdict->kind, "learner_lost");
  EXPECT_NE(status(a).verdict->message.find("exit code 70"), std::string::npos);
  EXPECT_EQ(engine_.started().size(), model::kMaxAttempts);
  tick();
  EXPECT_EQ(engine_.started().size(), model::kMaxAttempts);
}

TEST_F(SchedulerRecovery, TheThirdAttemptWaitsSoThatOneBadMomentDoesNotUseThemUp) {
  const auto a = submit(4), b = submit(1);
  tick();
  for (const unsigned attempt : {1u, 2u}) {
    stage(a);
    engine_.end(a, attempt, "exit code 70");
    notice_lost_learners();
  }
  EXPECT_EQ(attempt(a), 2u);
  clock_.advance(Milliseconds(10'000));
  tick();
  EXPECT_EQ(phase(a), Phase::Queued);
  EXPECT_EQ(why(a),
            "waits: its learner was lost in attempt 2 (exit code 70); the next one starts in 20 s; "
            "nothing is known yet to say for how long");
  EXPECT_EQ(phase(b), Phase::Queued) << "the slots are kept for the one before it";
  EXPECT_NE(why(b).find("whose learner is started again soon"), std::string::npos) << why(b);
  clock_.advance(Milliseconds(20'000));
  tick();
  EXPECT_EQ(attempt(a), 3u);
  EXPECT_EQ(phase(a), Phase::Starting);
}

TEST_F(SchedulerRecovery, ResultsAreSavedByManyMoreAttemptsEachLaterThanTheOneBefore) {
  const auto a = submit(1);
  tick();
  train(a);
  for (unsigned attempt = 1; attempt <= model::kMaxSavingAttempts; ++attempt) {
    ASSERT_EQ(this->attempt(a), attempt);
    engine_.end(a, attempt, "exit code 70");
    notice_lost_learners();
    if (attempt == 2) {
      EXPECT_EQ(phase(a), Phase::Recovering);
      EXPECT_EQ(why(a),
                "its learner was lost in attempt 2 (exit code 70); the next one starts in 30 s");
    }
    clock_.advance(Milliseconds(300'000));
    tick();
  }
  EXPECT_EQ(status(a).state, RunState::Error);
  EXPECT_EQ(engine_.started().size(), model::kMaxSavingAttempts);
}

TEST_F(SchedulerRecovery, AnEngineThatDoesNotKnowIsNoProof) {
  const auto a = submit(1);
  tick();
  train(a);
  engine_.end(a, 1, "gone");
  engine_.set_unreachable(true);
  notice_lost_learners();
  notice_lost_learners();
  EXPECT_EQ(phase(a), Phase::Training);
  engine_.set_unreachable(false);
  notice_lost_learners();
  EXPECT_EQ(attempt(a), 2u);
}

TEST_F(SchedulerRecovery, ARestartedMachineStartsItsRunsAgain) {
  const auto staging = submit(1), training = submit(1);
  tick();
  stage(staging);
  train(training);
  engine_.end_all("the machine was restarted");
  restart();
  notice_lost_learners();
  tick();
  EXPECT_EQ(phase(staging), Phase::Starting);
  EXPECT_EQ(attempt(staging), 2u);
  EXPECT_EQ(phase(training), Phase::Storing);
  EXPECT_EQ(status(training).lost_reason, "the machine was restarted");
}

// ---- restarts of the service

TEST_F(SchedulerRecovery, ARestartLeavesEveryPhaseAlone) {
  engine_.set_capacity(engine::gpus(5));
  const auto starting = submit(1), staging = submit(1), training = submit(1), storing = submit(1);
  tick();
  stage(staging);
  train(training);
  train(storing);
  store(storing);
  const auto queued = submit(3);
  for (int i = 0; i < 3; ++i) {
    restart();
    clock_.advance(engine_.traits().observe_every);
    tick();
  }
  EXPECT_EQ(phase(starting), Phase::Starting);
  EXPECT_EQ(phase(staging), Phase::Staging);
  EXPECT_EQ(phase(training), Phase::Training);
  EXPECT_EQ(phase(storing), Phase::Storing);
  EXPECT_EQ(phase(queued), Phase::Queued) << "slots were given twice";
  EXPECT_EQ(engine_.started().size(), 4u);
  EXPECT_EQ(attempt(training), 1u);
}

TEST_F(SchedulerRecovery, KilledAfterTheSlotsWereGivenStartsTheLearner) {
  const auto a = submit(2);
  happen(a, model::Dispatched{1, {"GPU-2", "GPU-3"}});
  restart();
  tick();
  ASSERT_EQ(engine_.started().size(), 1u);
  EXPECT_EQ(engine_.started()[0].slots, (Slots{"GPU-2", "GPU-3"}));
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 1));
}

TEST_F(SchedulerRecovery, KilledAfterTheLearnerWasStartedFindsIt) {
  const auto a = submit(1);
  engine_.lose_next_answer();
  tick();
  EXPECT_EQ(status(a).handle, "");
  train(a);  // it is at work already
  restart();
  tick();
  EXPECT_EQ(engine_.started().size(), 1u);
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 1));
  EXPECT_EQ(phase(a), Phase::Training);
}

TEST_F(SchedulerRecovery, KilledBeforeARecoveryWasDispatchedDispatchesIt) {
  const auto a = submit(1);
  tick();
  train(a);
  happen(a, model::LearnerLost{1, "killed by signal 9"});
  EXPECT_EQ(phase(a), Phase::Recovering);
  restart();
  tick();
  EXPECT_EQ(phase(a), Phase::Storing);
  EXPECT_EQ(attempt(a), 2u);
  EXPECT_EQ(status(a).handle, engine::FakeEngine::handle_of(a, 2));
}

TEST_F(SchedulerRecovery, AThousandStoringRunsAreNotForgotten) {
  engine_.set_capacity(engine::gpus(1500));
  std::vector<RunId> ids;
  for (int i = 0; i < 1200; ++i) ids.push_back(submit(1));
  tick();
  for (const auto& id : ids) train(id), store(id);
  engine_.end(ids.back(), 1, "killed by signal 9");
  restart();
  notice_lost_learners();
  tick();
  EXPECT_EQ(attempt(ids.back()), 2u);
}

// ---- a record that fails, at every call of a round, before or after the change

class FailingRecord : public SchedulerFixture,
                      public testing::WithParamInterface<std::pair<std::size_t, When>> {
 protected:
  repository::FailurePlan plan_;
  repository::Repositories failing_ = make_failing_repositories(records_, plan_);
};

TEST_P(FailingRecord, TheNextRoundsMakeItGood) {
  scheduler_ = make_scheduler(*failing_.runs, engine_, gate_, clock_,
                              {.learner_token = [](const RunId&, unsigned) { return Secret(); }});
  const auto lost = submit(1), canceled = submit(1), next = submit(2), waits = submit(1);
  tick();
  stage(lost);
  train(canceled);
  cancel(canceled);
  engine_.end(lost, 1, "killed by signal 9");
  plan_.fail(GetParam().first, GetParam().second, Error(ErrorKind::Unavailable, "disk full"));
  int failures = 0;
  for (int i = 0; i < 8; ++i) {
    clock_.advance(engine_.traits().observe_every);
    try {
      tick();
    } catch (const Error& e) {
      ++failures;
      EXPECT_STREQ(e.what(), "disk full");
    }
  }
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(attempt(lost), 2u);
  EXPECT_EQ(phase(lost), Phase::Starting);
  EXPECT_EQ(status(lost).handle, engine::FakeEngine::handle_of(lost, 2));
  EXPECT_EQ(slots(lost), (Slots{"GPU-0"}));
  EXPECT_EQ(slots(next), (Slots{"GPU-2", "GPU-3"}));
  EXPECT_EQ(phase(waits), Phase::Queued);
  EXPECT_EQ(engine_.cancels(), (Slots{engine::FakeEngine::handle_of(canceled, 1)}));
  EXPECT_EQ(engine_.started().size(), 4u);
}

std::vector<std::pair<std::size_t, When>> every_call() {
  std::vector<std::pair<std::size_t, When>> all;
  for (std::size_t call = 1; call <= 12; ++call)
    for (const When when : {When::Before, When::After}) all.emplace_back(call, when);
  return all;
}
INSTANTIATE_TEST_SUITE_P(EveryCall, FailingRecord, testing::ValuesIn(every_call()));

}  // namespace
}  // namespace trainyard::scheduler
