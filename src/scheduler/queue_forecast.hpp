#pragma once
// Why the runs in the queue wait, asked many times between two changes of it.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "scheduler/run_durations.hpp"
#include "scheduler/wait_reason.hpp"

namespace trainyard::scheduler {

// Thread-safe. Reads the queue when the record has another revision than at the last reading, or
// that is a second old: what the engine and the environments say changes without the record.
class QueueForecast {
 public:
  using Revision = std::function<std::uint64_t()>;  // empty: the queue is read each time
  using ReadinessOf = std::function<Readiness(const model::TrainingRun&)>;

  QueueForecast(repository::RunRepository& runs, engine::ComputeEngine& engine, Clock& clock,
                Revision revision, ReadinessOf readiness)
      : runs_(runs),
        engine_(engine),
        clock_(clock),
        revision_(std::move(revision)),
        readiness_(std::move(readiness)),
        durations_(runs, clock) {}

  // nullopt: it is not in the queue.
  std::optional<WaitReason> why(const model::TrainingRun& run);

 private:
  struct Kept {
    std::shared_ptr<const Forecast> forecast;
    std::uint64_t revision = 0;
    TimePoint at;
  };

  std::shared_ptr<const Forecast> current();
  Forecast read();
  Forecast predict(QueueView view);

  repository::RunRepository& runs_;
  engine::ComputeEngine& engine_;
  Clock& clock_;
  const Revision revision_;
  const ReadinessOf readiness_;
  RunDurations durations_;
  Sync<Kept> kept_;
};

}  // namespace trainyard::scheduler
