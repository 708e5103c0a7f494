// Properties of the law that hold whatever comes in whatever order.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "model/run.hpp"
#include "model/sample_histories.hpp"

namespace trainyard::model {
namespace {

Event random_event(std::mt19937& random, const RunStatus& status) {
  // Mostly the attempts that can apply, so that sequences go deep.
  const unsigned attempt = random() % 8 == 0 ? random() % 6 : status.attempt;
  const std::vector<Event> events = events_of(attempt);
  Event event = events[random() % events.size()];
  // Ends are rare, so that sequences go long.
  if (random() % 4 != 0 &&
      (std::holds_alternative<Abandoned>(event) || std::holds_alternative<Finished>(event))) {
    event = LearnerLost{.attempt = attempt, .reason = "exit code 3"};
  }
  if (auto* dispatched = std::get_if<Dispatched>(&event)) ++dispatched->attempt;
  if (auto* finished = std::get_if<Finished>(&event); finished != nullptr && random() % 2 == 0) {
    *finished = {.attempt = attempt, .outcome = RunState::Completed, .verdict = {}};
  }
  return event;
}

void check_invariants(const RunStatus& status) {
  const bool holds = status.phase == Phase::Starting || status.phase == Phase::Staging ||
                     status.phase == Phase::Training;
  EXPECT_TRUE(holds || status.slots.empty()) << shown(status);
  EXPECT_LE(status.attempt, max_attempts(status));
  EXPECT_EQ(is_terminal(status.state), status.phase == Phase::Ended);
  EXPECT_EQ(is_terminal(status.state), status.finished_at.has_value());
  EXPECT_EQ(status.state == RunState::Pending,
            status.phase == Phase::Queued || status.phase == Phase::Starting);
  EXPECT_TRUE(status.state != RunState::Running || status.running_at);
  EXPECT_TRUE(status.state != RunState::Pending || !status.running_at);
  EXPECT_EQ(status.state == RunState::Error, status.verdict.has_value());
  EXPECT_FALSE(status.execute_began && status.state == RunState::Pending) << "would run twice";
}

TEST(RunLaw, RandomHistoriesKeepTheInvariants) {
  std::mt19937 random(20171116);
  std::map<std::string, int> reached;
  for (int history = 0; history < 600; ++history) {
    RunStatus status;
    unsigned commands_started = 0;
    for (int step = 0; step < 40; ++step) {
      const Event event = random_event(random, status);
      const auto result = next(status, event, at(step + 1));
      if (!result) continue;
      ASSERT_NE(status.phase, Phase::Ended) << "a terminal state was left by " << event_name(event);
      ASSERT_NE(*result, status) << "an event that applies changes something";
      if (std::holds_alternative<TrainingStarted>(event)) ++commands_started;
      status = *result;
      check_invariants(status);
      if (HasFailure()) return;
      ++reached[shown(status)];
    }
    ASSERT_LE(commands_started, 1u);
  }
  EXPECT_EQ(reached.size(), 9u) << "every state and phase was visited";
}

}  // namespace
}  // namespace trainyard::model
