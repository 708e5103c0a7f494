#include "scheduler/learner_watch.hpp"

#include "base/log.hpp"

namespace trainyard::scheduler {

bool LearnerWatch::due(TimePoint now) const {
  // `now` may have been set back since.
  return !looked_at_ || now < *looked_at_ || now - *looked_at_ >= engine_.traits().observe_every;
}

bool LearnerWatch::look(const std::vector<model::TrainingRun>& active) {
  const TimePoint now = clock_.now();
  if (!due(now)) return false;
  std::vector<const model::TrainingRun*> asked;
  std::vector<std::string> handles;
  for (const auto& run : active) {
    if (run.status.handle.empty()) continue;
    asked.push_back(&run);
    handles.push_back(run.status.handle);
  }
  const auto seen = engine_.observe(handles);
  looked_at_ = now;
  std::map<std::string, TimePoint> still_ended;
  bool lost = false;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i].state != engine::LearnerState::Exited) continue;
    const auto first = ended_.find(seen[i].handle);
    const bool seen_before = first != ended_.end() && first->second < now;
    if (seen_before && report_if_lost(*asked[i], seen[i]))
      lost = true;
    else
      still_ended.emplace(seen[i].handle, seen_before ? first->second : now);
  }
  ended_ = std::move(still_ended);
  return lost;
}

bool LearnerWatch::report_if_lost(const model::TrainingRun& run, const engine::Observation& seen) {
  try {
    const model::LearnerLost event{run.status.attempt, seen.detail};
    const auto after = runs_.append(run.id, event, run.version, clock_.now());
    log::warn("the learner of {} was lost in attempt {} ({}); the run is {} now", run.id.str(),
              run.status.attempt, seen.detail, to_string(after.status.phase));
    return true;
  } catch (const Error& e) {
    // It has said something since, or the run is gone: the next look will tell.
    if (e.kind() == ErrorKind::Conflict || e.kind() == ErrorKind::NotFound) return false;
    throw;
  }
}

}  // namespace trainyard::scheduler
