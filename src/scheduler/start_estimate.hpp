#pragma once
// When queued runs may start, from how long such runs held their slots before. Pure.
#include <functional>
#include <optional>
#include <vector>

#include "scheduler/queue_plan.hpp"

namespace trainyard::scheduler {

// How long a run like this usually holds its slots; nullopt without history.
using UsualDuration = std::function<std::optional<Milliseconds>(const RunBrief&)>;

// Plays the queue forward, once for all runs in it. A run that is past its usual time is taken to
// need a tenth of what it has had. nullopt for a run that depends on one without history, on an
// environment that is being built, or on slots that others use. `placements` is the plan of `view`.
std::vector<std::optional<TimePoint>> estimate_starts(const QueueView& view,
                                                      const std::vector<Placement>& placements,
                                                      TimePoint now, const UsualDuration& usual);

}  // namespace trainyard::scheduler
