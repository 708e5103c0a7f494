#pragma once
// Runs in every phase and events of every sort, for the tests of the law.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/run.hpp"

namespace trainyard::model {

inline TimePoint at(int second) { return TimePoint{std::chrono::seconds{second}}; }

inline const Verdict kExitOne{.code = "C201",
                              .kind = "exit_code",
                              .message = "The command ended with exit code 1.",
                              .exit_code = 1,
                              .last_lines = {"ValueError: x"}};

inline RunStatus after(RunStatus status, const Event& event, TimePoint time) {
  const auto result = next(status, event, time);
  EXPECT_TRUE(result) << to_string(status.phase) << " + " << event_name(event);
  return result.value_or(status);
}

// A run that came into `phase` by the usual way, in attempt 1 (0 while it is queued).
inline RunStatus in_phase(Phase phase) {
  RunStatus status;
  if (phase == Phase::Queued) return status;
  status = after(status, Dispatched{.attempt = 1, .slots = {"gpu-a", "gpu-b"}}, at(1));
  status = after(status, Started{.attempt = 1, .handle = "local:1"}, at(2));
  if (phase == Phase::Starting) return status;
  status = after(status, StagingStarted{.attempt = 1}, at(3));
  if (phase == Phase::Staging) return status;
  status = after(status, TrainingStarted{.attempt = 1}, at(4));
  if (phase == Phase::Training) return status;
  if (phase == Phase::Recovering) {
    return after(status, LearnerLost{.attempt = 1, .reason = "killed by signal 9"}, at(5));
  }
  status = after(status, TrainingEnded{.attempt = 1, .exit_code = 0}, at(5));
  if (phase == Phase::Storing) return status;
  return after(status, Finished{.attempt = 1, .outcome = RunState::Completed, .verdict = {}},
               at(6));
}

inline std::vector<Event> events_of(unsigned attempt) {
  return {Dispatched{.attempt = attempt, .slots = {"gpu-c"}},
          Started{.attempt = attempt, .handle = "local:2"},
          StagingStarted{.attempt = attempt},
          TrainingStarted{.attempt = attempt},
          TrainingEnded{.attempt = attempt, .exit_code = 3},
          StoringStarted{.attempt = attempt},
          Finished{.attempt = attempt, .outcome = RunState::Error, .verdict = kExitOne},
          CancelRequested{.by = "anna"},
          LearnerLost{.attempt = attempt, .reason = "the machine was restarted"},
          Abandoned{.verdict = kExitOne}};
}

inline std::string shown(const std::optional<RunStatus>& status) {
  if (!status) return "does not apply";
  return std::string(to_string(status->state)) + "/" + std::string(to_string(status->phase));
}

}  // namespace trainyard::model
