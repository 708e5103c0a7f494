#include "scheduler/run_durations.hpp"

#include <algorithm>
#include <vector>

namespace trainyard::scheduler {

namespace {

constexpr std::size_t kRunsRead = 500;
constexpr Milliseconds kReadEvery{60'000};

std::optional<Milliseconds> slots_held_for(const model::RunStatus& status) {
  const auto end = status.storing_at ? status.storing_at : status.finished_at;
  if (!status.dispatched_at || !end || *end < *status.dispatched_at) return std::nullopt;
  return *end - *status.dispatched_at;
}

Milliseconds median(std::vector<Milliseconds> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::map<RunDurations::Key, Milliseconds> RunDurations::read() const {
  const auto page = runs_.list({.states = {model::RunState::Completed},
                                .order = repository::Order::BySubmissionDescending,
                                .limit = kRunsRead});
  std::map<Key, std::vector<Milliseconds>> all;
  for (const auto& run : page.runs) {
    const auto held = slots_held_for(run.status);
    if (held) all[{run.manifest.framework.name, run.manifest.compute.slots()}].push_back(*held);
  }
  std::map<Key, Milliseconds> medians;
  for (auto& [key, values] : all) medians[key] = median(std::move(values));
  return medians;
}

std::optional<Milliseconds> RunDurations::usual(const RunBrief& run) {
  auto known = known_.lock();
  const TimePoint now = clock_.now();
  if (!known->read_at || now < *known->read_at || now - *known->read_at >= kReadEvery) {
    known->medians = read();
    known->read_at = now;
  }
  const auto found = known->medians.find({run.framework, run.slots});
  return found == known->medians.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace trainyard::scheduler
