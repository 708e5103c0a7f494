#pragma once
// When a queued run may start, from how long such runs held their slots before. Pure.
#include <functional>
#include <optional>

#include "scheduler/queue_plan.hpp"

namespace trainyard::scheduler {

// How long a run like this usually holds its slots; nullopt without history.
using UsualDuration = std::function<std::optional<Milliseconds>(const RunBrief&)>;

// Plays the queue forward up to the run at `index`. A run that is past its usual time is taken to
// need a tenth of what it has had. nullopt when it depends on a run without history, on an
// environment that is being built, or on slots that others use.
std::optional<TimePoint> estimate_start(const QueueView& view, std::size_t index, TimePoint now,
                                        const UsualDuration& usual);

}  // namespace trainyard::scheduler
