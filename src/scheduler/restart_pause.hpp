#pragma once
// When the next learner of a run whose last one was lost may start. Pure.
#include <string>

#include "base/clock.hpp"
#include "model/run.hpp"

namespace trainyard::scheduler {

// Zero once it is time. The second attempt comes at once, for most losses have a cause of the
// moment; from the third on each waits 30 s, then twice as long, at most 5 min, so that a disk that
// is full or a program that is being replaced does not use them up.
Milliseconds restart_pause(const model::TrainingRun& run, TimePoint now);
// "its learner was lost in attempt 2 (exit code 3); the next one starts in 25 s"
std::string restart_text(const model::TrainingRun& run, Milliseconds pause);

}  // namespace trainyard::scheduler
