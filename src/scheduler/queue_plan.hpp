#pragma once
// Who starts next: pure, over a view of slots, active runs and the queue.
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/compute_engine.hpp"
#include "model/run.hpp"
#include "scheduler/scheduler.hpp"

namespace trainyard::scheduler {

struct RunBrief {
  model::RunId id;
  std::string name;
  std::string framework;  // its name
  unsigned slots = 1;     // asked for
};
RunBrief brief_of(const model::TrainingRun& run);

struct ActiveRun {
  RunBrief run;
  std::vector<std::string> held;  // slot ids
  std::optional<TimePoint> dispatched_at;
};
struct QueuedRun {
  RunBrief run;
  Readiness readiness;
};
struct QueueView {
  engine::Capacity capacity;
  std::vector<ActiveRun> active;  // from Starting to Recovering, with and without slots
  std::vector<QueuedRun> queue;   // in order, from its head
};

// Neither held nor unavailable; in the capacity's order.
std::vector<std::string> free_slots(const QueueView& view);

enum class Outlook {
  Start,     // now, on the slots of the placement
  Fail,      // now, without slots: its runtime could not be made, and it has to say so
  Building,  // its runtime is being made, or its next learner waits; it keeps its place and its
             // slots are kept for it
  Short,     // fewer slots are free than it needs
  Behind,    // a run ahead of it is Short, or Building and short
  Never,     // the machine has fewer slots than it needs; it stands in nobody's way
};
struct Placement {
  Outlook outlook = Outlook::Start;
  std::vector<std::string> slots;  // only for Start; in the capacity's order
  std::size_t free = 0;            // slots that were free when its turn came
};
struct Plan {
  std::vector<Placement> placements;  // one for each queued run
  bool open = true;                   // a run behind these could still start
};
// A run gets all its slots at once or none. Nobody behind a run that is short starts.
Plan plan(const QueueView& view);

}  // namespace trainyard::scheduler
