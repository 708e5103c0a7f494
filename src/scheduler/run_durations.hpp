#pragma once
// How long completed runs held their slots, by framework and number of slots.
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "repository/run_repository.hpp"
#include "scheduler/queue_plan.hpp"

namespace trainyard::scheduler {

// Thread-safe. Reads the latest 500 completed runs, at most once a minute and only when asked.
class RunDurations {
 public:
  RunDurations(repository::RunRepository& runs, Clock& clock) : runs_(runs), clock_(clock) {}
  // The median; nullopt when no such run has completed.
  std::optional<Milliseconds> usual(const RunBrief& run);

 private:
  using Key = std::pair<std::string, unsigned>;
  struct Known {
    std::map<Key, Milliseconds> medians;
    std::optional<TimePoint> read_at;
  };
  std::map<Key, Milliseconds> read() const;

  repository::RunRepository& runs_;
  Clock& clock_;
  Sync<Known> known_;
};

}  // namespace trainyard::scheduler
