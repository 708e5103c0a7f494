#include "scheduler/restart_pause.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/back_off.hpp"

namespace trainyard::scheduler {
namespace {

constexpr Milliseconds kFirstPause{30'000};
constexpr Milliseconds kLongestPause{300'000};

bool waits_for_a_learner(const model::RunStatus& status) {
  return status.phase == model::Phase::Queued || status.phase == model::Phase::Recovering;
}

}  // namespace

Milliseconds restart_pause(const model::TrainingRun& run, TimePoint now) {
  const unsigned lost = run.status.attempt;
  if (lost < 2 || !waits_for_a_learner(run.status)) return Milliseconds(0);
  const Milliseconds pause = back_off(lost - 2, kFirstPause, kLongestPause);
  const Milliseconds passed = now - run.modified_at;
  if (passed < Milliseconds(0)) return Milliseconds(0);  // the clock was set back
  return std::max(Milliseconds(0), pause - passed);
}

std::string restart_text(const model::TrainingRun& run, Milliseconds pause) {
  return fmt::format("its learner was lost in attempt {} ({}); the next one starts in {}",
                     run.status.attempt, run.status.lost_reason, format_duration(pause));
}

}  // namespace trainyard::scheduler
