#pragma once
// Finds the learners that ended without their last word.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/compute_engine.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::scheduler {

// One thread.
class LearnerWatch {
 public:
  LearnerWatch(repository::RunRepository& runs, engine::ComputeEngine& engine, Clock& clock)
      : runs_(runs), engine_(engine), clock_(clock) {}

  // Asks the engine once for all of `active`, at most every Traits::observe_every. A learner that
  // has ended, and is still said to have ended that much later, is lost: its run gets LearnerLost,
  // unless its state was changed in the meantime. Returns whether any was lost: then `active` is
  // out of date. An engine that does not know is no proof.
  bool look(const std::vector<model::TrainingRun>& active);

 private:
  bool due(TimePoint now) const;
  bool report_if_lost(const model::TrainingRun& run, const engine::Observation& seen);

  repository::RunRepository& runs_;
  engine::ComputeEngine& engine_;
  Clock& clock_;
  std::optional<TimePoint> looked_at_;
  std::map<std::string, TimePoint> ended_;  // handle → when its end was first seen
};

}  // namespace trainyard::scheduler
