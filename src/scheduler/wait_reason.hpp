#pragma once
// Why a queued run waits, in words. Pure.
#include <unordered_map>

#include "scheduler/start_estimate.hpp"

namespace trainyard::scheduler {

// "2 GPUs", "1 CPU slot"
std::string count_slots(std::size_t count, bool gpus);
// The named sizes that ask for at most `slots`: "small, k80, p100"; empty when none does.
std::string sizes_that_fit(std::size_t slots);

// What becomes of each run in the queue, worked out once for all of them.
struct Forecast {
  QueueView view;
  std::vector<Placement> placements;
  std::vector<std::size_t> places;  // of those in line, 1: next
  std::size_t gate = 0;  // the first that keeps those behind it from starting; the size: none does
  std::vector<std::optional<TimePoint>> starts;
  std::unordered_map<model::RunId, std::size_t> indices;
};
Forecast make_forecast(QueueView view, TimePoint now, const UsualDuration& usual);

// The run at `index` of the forecast's queue. Costs the same however long the queue is.
WaitReason explain(const Forecast& forecast, std::size_t index, TimePoint now);

}  // namespace trainyard::scheduler
