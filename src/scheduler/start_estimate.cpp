#include "scheduler/start_estimate.hpp"

#include <algorithm>
#include <queue>

namespace trainyard::scheduler {

namespace {

// Slots that come free at a time; slots that nobody can tell of come free last.
struct Release {
  std::optional<TimePoint> at;
  std::size_t slots = 0;
};
struct Later {
  bool operator()(const Release& a, const Release& b) const {
    if (!a.at || !b.at) return b.at && !a.at;
    return *a.at > *b.at;
  }
};
using Releases = std::priority_queue<Release, std::vector<Release>, Later>;

bool offered(const engine::Capacity& capacity, const std::string& id) {
  return std::any_of(capacity.slots.begin(), capacity.slots.end(),
                     [&](const engine::Slot& slot) { return slot.id == id; });
}

Release release_of(const QueueView& view, const ActiveRun& active, TimePoint now,
                   const UsualDuration& usual) {
  Release release;
  release.slots = static_cast<std::size_t>(
      std::count_if(active.held.begin(), active.held.end(),
                    [&](const std::string& id) { return offered(view.capacity, id); }));
  const auto duration = usual(active.run);
  if (!duration || !active.dispatched_at) return release;
  const auto elapsed = std::max(Milliseconds(0), now - *active.dispatched_at);
  const auto left = elapsed < *duration ? *duration - elapsed : elapsed / 10;
  release.at = now + left;
  return release;
}

}  // namespace

std::vector<std::optional<TimePoint>> estimate_starts(const QueueView& view,
                                                      const std::vector<Placement>& placements,
                                                      TimePoint now, const UsualDuration& usual) {
  Releases releases;
  for (const ActiveRun& active : view.active)
    if (!active.held.empty()) releases.push(release_of(view, active, now, usual));
  std::size_t free = free_slots(view).size();
  TimePoint at = now;
  std::vector<std::optional<TimePoint>> starts(view.queue.size());
  for (std::size_t i = 0; i < view.queue.size(); ++i) {
    const auto& queued = view.queue[i];
    if (placements[i].outlook == Outlook::Never || placements[i].outlook == Outlook::Fail) continue;
    if (queued.readiness.delayed()) return starts;
    for (; free < queued.run.slots; releases.pop()) {
      if (releases.empty() || !releases.top().at) return starts;
      at = std::max(at, *releases.top().at);
      free += releases.top().slots;
    }
    starts[i] = at;
    free -= queued.run.slots;
    const auto duration = usual(queued.run);
    releases.push({duration ? std::optional(at + *duration) : std::nullopt, queued.run.slots});
  }
  return starts;
}

}  // namespace trainyard::scheduler
