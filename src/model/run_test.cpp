#include "model/run.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

#include "model/sample_histories.hpp"

namespace trainyard::model {
namespace {

constexpr std::array kPhases{Phase::Queued,  Phase::Starting,   Phase::Staging, Phase::Training,
                             Phase::Storing, Phase::Recovering, Phase::Ended};

// "state/phase" that each event of the present attempt leads to, for Dispatched of the one after;
// what is not listed does not apply.
const std::map<Phase, std::map<std::string_view, std::string>> kLaw{
    {Phase::Queued,
     {{"dispatched", "pending/starting"},
      {"cancel_requested", "canceled/ended"},
      {"abandoned", "error/ended"}}},
    {Phase::Starting,
     {{"staging_started", "running/staging"},
      {"storing_started", "running/storing"},
      {"finished", "error/ended"},
      {"cancel_requested", "pending/starting"},
      {"learner_lost", "pending/queued"},
      {"abandoned", "error/ended"}}},
    {Phase::Staging,
     {{"training_started", "running/training"},
      {"storing_started", "running/storing"},
      {"finished", "error/ended"},
      {"cancel_requested", "running/staging"},
      {"learner_lost", "pending/queued"},
      {"abandoned", "error/ended"}}},
    {Phase::Training,
     {{"training_ended", "running/storing"},
      {"storing_started", "running/storing"},
      {"finished", "error/ended"},
      {"cancel_requested", "running/training"},
      {"learner_lost", "running/recovering"},
      {"abandoned", "error/ended"}}},
    {Phase::Storing,
     {{"finished", "error/ended"},
      {"cancel_requested", "running/storing"},
      {"learner_lost", "running/recovering"},
      {"abandoned", "error/ended"}}},
    {Phase::Recovering,
     {{"dispatched", "running/storing"},
      {"finished", "error/ended"},
      {"cancel_requested", "running/recovering"},
      {"abandoned", "error/ended"}}},
    {Phase::Ended, {}},
};

TEST(RunLaw, EveryPhaseAndEventOfThePresentAttempt) {
  for (const Phase phase : kPhases) {
    const RunStatus status = in_phase(phase);
    ASSERT_EQ(status.phase, phase);
    const auto& law = kLaw.at(phase);
    for (Event event : events_of(status.attempt)) {
      if (auto* dispatched = std::get_if<Dispatched>(&event)) ++dispatched->attempt;
      const auto expected = law.find(event_name(event));
      EXPECT_EQ(shown(next(status, event, at(9))),
                expected == law.end() ? "does not apply" : expected->second)
          << to_string(phase) << " + " << event_name(event);
    }
  }
}

TEST(RunLaw, EventsOfOtherAttemptsNeverApply) {
  for (const Phase phase : kPhases) {
    RunStatus status = in_phase(phase);
    status.attempt = 2;
    for (const unsigned attempt : {0u, 1u, 4u, 7u}) {
      for (const Event& event : events_of(attempt)) {
        if (std::holds_alternative<CancelRequested>(event)) continue;
        if (std::holds_alternative<Abandoned>(event)) continue;
        EXPECT_FALSE(next(status, event, at(9)))
            << to_string(phase) << " + " << event_name(event) << " of attempt " << attempt;
      }
    }
  }
}

TEST(RunLaw, DispatchHoldsSlotsAndCountsTheAttempt) {
  const RunStatus status = in_phase(Phase::Starting);
  EXPECT_EQ(status.state, RunState::Pending);
  EXPECT_EQ(status.attempt, 1u);
  EXPECT_EQ(status.slots, (std::vector<std::string>{"gpu-a", "gpu-b"}));
  EXPECT_EQ(status.dispatched_at, at(1));
  EXPECT_EQ(status.handle, "local:1");
  EXPECT_FALSE(status.running_at);
}

TEST(RunLaw, TheEngineMayAnswerAfterTheLearnerSpoke) {
  RunStatus status = after({}, Dispatched{.attempt = 1, .slots = {"gpu-a"}}, at(1));
  status = after(status, StagingStarted{.attempt = 1}, at(2));
  status = after(status, Started{.attempt = 1, .handle = "local:7"}, at(3));
  EXPECT_EQ(status.phase, Phase::Staging);
  EXPECT_EQ(status.handle, "local:7");
  EXPECT_FALSE(next(status, Started{.attempt = 1, .handle = "local:8"}, at(4)));
}

TEST(RunLaw, TimesAreThoseOfThePhases) {
  const RunStatus status = in_phase(Phase::Ended);
  EXPECT_EQ(status.state, RunState::Completed);
  EXPECT_EQ(status.dispatched_at, at(1));
  EXPECT_EQ(status.running_at, at(3));
  EXPECT_EQ(status.training_at, at(4));
  EXPECT_EQ(status.storing_at, at(5));
  EXPECT_EQ(status.finished_at, at(6));
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_TRUE(status.slots.empty());
}

TEST(RunLaw, TheEndOfTheCommandFreesTheSlotsBeforeStoring) {
  const RunStatus status =
      after(in_phase(Phase::Training), TrainingEnded{.attempt = 1, .exit_code = 3}, at(9));
  EXPECT_EQ(status.phase, Phase::Storing);
  EXPECT_TRUE(status.slots.empty());
  EXPECT_EQ(status.exit_code, 3);
  EXPECT_EQ(status.storing_at, at(9));
  EXPECT_FALSE(next(status, StoringStarted{.attempt = 1}, at(10)));
}

TEST(RunLaw, StoringWithoutTrainingFreesTheSlotsToo) {
  const RunStatus status = after(in_phase(Phase::Staging), StoringStarted{.attempt = 1}, at(9));
  EXPECT_TRUE(status.slots.empty());
  EXPECT_FALSE(status.execute_began);
  EXPECT_EQ(status.storing_at, at(9));
}

TEST(RunLaw, CancelOfAQueuedRunEndsItAtOnce) {
  const RunStatus status = after({}, CancelRequested{.by = "anna"}, at(4));
  EXPECT_EQ(status.state, RunState::Canceled);
  EXPECT_TRUE(status.cancel_requested);
  EXPECT_EQ(status.finished_at, at(4));
}

TEST(RunLaw, CancelOfAnActiveRunIsLeftToItsLearnerAndAskedOnce) {
  for (const Phase phase :
       {Phase::Starting, Phase::Staging, Phase::Training, Phase::Storing, Phase::Recovering}) {
    RunStatus expected = in_phase(phase);
    const RunStatus status = after(expected, CancelRequested{.by = "anna"}, at(9));
    expected.cancel_requested = true;
    EXPECT_EQ(status, expected) << to_string(phase);
    EXPECT_FALSE(next(status, CancelRequested{.by = "ben"}, at(10))) << to_string(phase);
  }
}

TEST(RunLaw, ALearnerMayEndACanceledRunAsItTrulyEnded) {
  const RunStatus status = after(in_phase(Phase::Storing), CancelRequested{.by = "anna"}, at(9));
  const Finished completed{.attempt = 1, .outcome = RunState::Completed, .verdict = {}};
  EXPECT_EQ(after(status, completed, at(10)).state, RunState::Completed);
  const Finished canceled{.attempt = 1, .outcome = RunState::Canceled, .verdict = {}};
  EXPECT_EQ(after(status, canceled, at(10)).state, RunState::Canceled);
}

TEST(RunLaw, FinishedTakesOutcomeVerdictAndExitCode) {
  const Finished failed{.attempt = 1, .outcome = RunState::Error, .verdict = kExitOne};
  const RunStatus status = after(in_phase(Phase::Training), failed, at(9));
  EXPECT_EQ(status.state, RunState::Error);
  EXPECT_EQ(status.verdict, kExitOne);
  EXPECT_EQ(status.exit_code, 1);
  EXPECT_EQ(status.finished_at, at(9));
  EXPECT_TRUE(status.slots.empty());
}

TEST(RunLaw, AnErrorAlwaysHasAVerdict) {
  const Finished failed{.attempt = 1, .outcome = RunState::Error, .verdict = {}};
  const RunStatus status = after(in_phase(Phase::Starting), failed, at(9));
  ASSERT_TRUE(status.verdict);
  EXPECT_EQ(status.verdict->kind, "unexplained");
  EXPECT_FALSE(status.verdict->user_fault());
}

TEST(RunLaw, FinishedWithALiveOutcomeDoesNotApply) {
  for (const RunState outcome : {RunState::Pending, RunState::Running}) {
    const Finished odd{.attempt = 1, .outcome = outcome, .verdict = {}};
    EXPECT_FALSE(next(in_phase(Phase::Training), odd, at(9)));
  }
}

TEST(RunLaw, LostBeforeTheCommandBeganQueuesAgainAsIfNew) {
  const LearnerLost lost{.attempt = 1, .reason = "exit code 3"};
  RunStatus expected;
  expected.attempt = 1;
  expected.lost_reason = "exit code 3";
  EXPECT_EQ(after(in_phase(Phase::Starting), lost, at(9)), expected);
  EXPECT_EQ(after(in_phase(Phase::Staging), lost, at(9)), expected);

  RunStatus again = after(expected, Dispatched{.attempt = 2, .slots = {"gpu-c"}}, at(10));
  EXPECT_EQ(again.attempt, 2u);
  EXPECT_FALSE(next(again, StagingStarted{.attempt = 1}, at(11))) << "a word of the lost learner";
  again = after(again, StagingStarted{.attempt = 2}, at(12));
  EXPECT_EQ(again.running_at, at(12));
}

TEST(RunLaw, LostWhileTrainingIsNeverStartedAgainButRecovered) {
  RunStatus status = in_phase(Phase::Recovering);
  EXPECT_EQ(status.state, RunState::Running);
  EXPECT_TRUE(status.slots.empty());
  EXPECT_TRUE(status.handle.empty());
  EXPECT_EQ(status.lost_reason, "killed by signal 9");

  status = after(status, Dispatched{.attempt = 2, .slots = {"gpu-c"}}, at(10));
  EXPECT_EQ(status.phase, Phase::Storing);
  EXPECT_EQ(status.attempt, 2u);
  EXPECT_TRUE(status.slots.empty()) << "saving results needs no slot";
  EXPECT_EQ(status.dispatched_at, at(1));
  EXPECT_EQ(status.storing_at, at(10));
  EXPECT_FALSE(next(status, TrainingStarted{.attempt = 2}, at(11)));
  status = after(status, Started{.attempt = 2, .handle = "local:2"}, at(12));
  EXPECT_EQ(status.handle, "local:2");
}

TEST(RunLaw, LostWithACancelRequestedSavesWhatThereIsAndIsNotQueuedAgain) {
  RunStatus status = after(in_phase(Phase::Starting), CancelRequested{.by = "anna"}, at(8));
  status = after(status, LearnerLost{.attempt = 1, .reason = "exit code 3"}, at(9));
  EXPECT_EQ(status.phase, Phase::Recovering);
  EXPECT_EQ(status.running_at, at(9)) << "a running run has a time since when";
  status = after(status, Dispatched{.attempt = 2, .slots = {}}, at(10));
  const Finished canceled{.attempt = 2, .outcome = RunState::Canceled, .verdict = {}};
  EXPECT_EQ(after(status, canceled, at(11)).state, RunState::Canceled);
}

RunStatus lost_until_the_last(RunStatus status) {
  while (status.phase != Phase::Ended) {
    const unsigned attempt = status.attempt;
    status = after(status, LearnerLost{.attempt = attempt, .reason = "exit code 3"}, at(20));
    if (status.phase == Phase::Ended) break;
    status = after(status, Dispatched{.attempt = attempt + 1, .slots = {"gpu-c"}}, at(21));
  }
  return status;
}

TEST(RunLaw, LostTooOftenBeforeTheCommandSaysThatItNeverStarted) {
  const RunStatus status = lost_until_the_last(in_phase(Phase::Starting));
  EXPECT_EQ(status.state, RunState::Error);
  EXPECT_EQ(status.attempt, kMaxAttempts);
  ASSERT_TRUE(status.verdict);
  EXPECT_EQ(status.verdict->kind, "learner_lost");
  EXPECT_EQ(status.verdict->code, "S104");
  EXPECT_EQ(status.verdict->message,
            "The command never started: its learner was lost in attempt 3 of 3 (exit code 3). Look "
            "into the service's log for the cause and submit the run again.");
}

TEST(RunLaw, LostTooOftenAfterTheCommandNamesItsExitCode) {
  const RunStatus cut_off = lost_until_the_last(in_phase(Phase::Training));
  EXPECT_TRUE(cut_off.verdict->message.starts_with("The command was cut off: ")) << cut_off.attempt;
  EXPECT_FALSE(cut_off.verdict->exit_code);

  const RunStatus unsaved = lost_until_the_last(in_phase(Phase::Storing));
  EXPECT_TRUE(unsaved.verdict->message.starts_with(
      "The command ended with exit code 0, but its results could not be saved: "));
  EXPECT_EQ(unsaved.verdict->exit_code, 0);
}

TEST(RunLaw, AbandonedIsTheVerdictItBrings) {
  const RunStatus status =
      after(in_phase(Phase::Recovering), Abandoned{.verdict = kExitOne}, at(9));
  EXPECT_EQ(status.state, RunState::Error);
  EXPECT_EQ(status.verdict, kExitOne);
  EXPECT_EQ(status.finished_at, at(9));
}

TEST(RunNames, ReadBackAsWritten) {
  for (const Phase phase : kPhases) EXPECT_EQ(parse_phase(to_string(phase)), phase);
  for (const RunState state : {RunState::Pending, RunState::Running, RunState::Completed,
                               RunState::Error, RunState::Canceled}) {
    EXPECT_EQ(parse_state(to_string(state)), state);
  }
  EXPECT_EQ(to_string(RunState::Canceled), "canceled");
  EXPECT_FALSE(parse_state("cancelled"));
  EXPECT_FALSE(parse_phase(""));
}

}  // namespace
}  // namespace trainyard::model
