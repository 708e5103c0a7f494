#pragma once
// Decides which run starts when, and watches those that started.
//
// First come, first served: a run never starts while an earlier one waits for slots that it could
// have had; all slots of a run are given at once. One thread; wake() makes it look at once.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/compute_engine.hpp"
#include "model/run.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::scheduler {

// Is the runtime of a run ready to start on? Never blocks: it starts a build and answers Building.
struct Readiness {
  enum class State { Ready, Building, Failed } state = State::Ready;
  std::string detail;  // "building tensorflow 2.x for 40 s", or why it failed
};
class RuntimeGate {
 public:
  virtual ~RuntimeGate() = default;
  virtual Readiness readiness(const model::TrainingRun& run) = 0;
};

// Why a pending run waits.
struct WaitReason {
  std::size_t place = 0;  // 1: next
  std::string message;    // "needs 2 GPUs, 1 is free; training-abc holds 3"
  std::vector<model::RunId> blocked_by;
  std::optional<TimePoint> estimate;  // when it may start, from the history of such runs
};

struct SlotUse {
  engine::Slot slot;
  std::optional<model::RunId> held_by;
};

struct SchedulerOptions {
  std::string server_url;                 // given to learners
  Milliseconds tick{1000};                // at the latest
  Milliseconds cancel_grace{30'000};
  // The token that a learner of this run and attempt shows to the API.
  std::function<Secret(const model::RunId&, unsigned attempt)> learner_token;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;  // stops the thread; learners go on
  virtual void start() = 0;
  virtual void wake() = 0;                  // thread-safe, cheap
  virtual void tick() = 0;                  // one round, for tests; not while started
  virtual std::optional<WaitReason> why(const model::RunId& id) = 0;  // nullopt: it does not wait
  virtual std::vector<SlotUse> slots() = 0;
  virtual engine::Capacity capacity() = 0;
};

// Throws InvalidInput naming what would fit when `compute` can never be met by `capacity`.
void check_fits(const model::Compute& compute, const engine::Capacity& capacity);

std::unique_ptr<Scheduler> make_scheduler(repository::RunRepository& runs,
                                          engine::ComputeEngine& engine, RuntimeGate& gate,
                                          Clock& clock, SchedulerOptions options);

}  // namespace trainyard::scheduler
