#pragma once
// Why a queued run waits, in words. Pure.
#include "scheduler/start_estimate.hpp"

namespace trainyard::scheduler {

// "2 GPUs", "1 CPU slot"
std::string count_slots(std::size_t count, bool gpus);
// The named sizes that ask for at most `slots`: "small, k80, p100"; empty when none does.
std::string sizes_that_fit(std::size_t slots);

WaitReason explain(const QueueView& view, std::size_t index, TimePoint now,
                   const UsualDuration& usual);

}  // namespace trainyard::scheduler
