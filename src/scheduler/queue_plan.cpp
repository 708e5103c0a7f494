#include "scheduler/queue_plan.hpp"

#include <set>

namespace trainyard::scheduler {

std::vector<std::string> free_slots(const QueueView& view) {
  std::set<std::string> held;
  for (const ActiveRun& active : view.active) held.insert(active.held.begin(), active.held.end());
  std::vector<std::string> free;
  for (const engine::Slot& slot : view.capacity.slots)
    if (slot.unavailable.empty() && !held.contains(slot.id)) free.push_back(slot.id);
  return free;
}

namespace {

class Planner {
 public:
  explicit Planner(const QueueView& view)
      : free_(free_slots(view)), total_(view.capacity.slots.size()) {}

  Placement place(const QueuedRun& queued) {
    Placement placement{outlook_of(queued), {}, free_.size()};
    const bool takes = placement.outlook == Outlook::Start ||
                       (placement.outlook == Outlook::Building && !short_of(queued.run.slots));
    if (takes) {
      const auto end = free_.begin() + queued.run.slots;
      if (placement.outlook == Outlook::Start) placement.slots.assign(free_.begin(), end);
      free_.erase(free_.begin(), end);
    } else if (placement.outlook == Outlook::Short || placement.outlook == Outlook::Building) {
      blocked_ = true;
    }
    return placement;
  }

  bool open() const { return !blocked_ && !free_.empty(); }

 private:
  bool short_of(unsigned slots) const { return blocked_ || slots > free_.size(); }

  Outlook outlook_of(const QueuedRun& queued) const {
    if (queued.readiness.state == Readiness::State::Failed) return Outlook::Fail;
    if (queued.run.slots > total_) return Outlook::Never;
    if (blocked_) return Outlook::Behind;
    if (queued.readiness.delayed()) return Outlook::Building;
    return short_of(queued.run.slots) ? Outlook::Short : Outlook::Start;
  }

  std::vector<std::string> free_;
  std::size_t total_;
  bool blocked_ = false;
};

}  // namespace

RunBrief brief_of(const model::TrainingRun& run) {
  return {run.id, run.manifest.name, run.manifest.framework.name, run.manifest.compute.slots()};
}

Plan plan(const QueueView& view) {
  Planner planner(view);
  Plan result;
  for (const QueuedRun& queued : view.queue) result.placements.push_back(planner.place(queued));
  result.open = planner.open();
  return result;
}

}  // namespace trainyard::scheduler
