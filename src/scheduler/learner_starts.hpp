#pragma once
// Starts the learners of runs that were given their slots, again and again until the engine takes
// them.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "engine/compute_engine.hpp"
#include "repository/run_repository.hpp"
#include "scheduler/scheduler.hpp"

namespace trainyard::scheduler {

// One thread, but for trouble().
class LearnerStarts {
 public:
  LearnerStarts(repository::RunRepository& runs, engine::ComputeEngine& engine, Clock& clock,
                const SchedulerOptions& options)
      : runs_(runs), engine_(engine), clock_(clock), options_(options) {}

  // For a run that has no handle. Safe to repeat: the engine starts an attempt once. What the
  // engine throws is kept as trouble, and the run is left alone until its next try is due (1 s,
  // doubling to 1 min): a service that cannot start processes must not fail its users' runs. A run
  // whose command never began and that is to be canceled meanwhile ends here.
  void start(const model::TrainingRun& run);
  // "cannot be started: … (tried 3 times, again in 4 s)"; nullopt when there is none. Thread-safe.
  std::optional<std::string> trouble(const model::RunId& run);
  // Drops what is known about runs that are not among `active`.
  void keep_only(const std::vector<model::TrainingRun>& active);

 private:
  struct Trouble {
    unsigned tries = 0;
    TimePoint next_try;
    std::string what;
  };
  bool due(const model::TrainingRun& run);
  void note_trouble(const model::TrainingRun& run, const Error& error);
  void append(const model::TrainingRun& run, const model::Event& event);

  repository::RunRepository& runs_;
  engine::ComputeEngine& engine_;
  Clock& clock_;
  const SchedulerOptions& options_;
  Sync<std::map<model::RunId, Trouble>> troubles_;
};

}  // namespace trainyard::scheduler
