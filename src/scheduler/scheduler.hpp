#pragma once
// Decides which run starts when, and watches those that started.
//
// First come, first served: a run never starts while an earlier one waits for slots that it could
// have had; all slots of a run are given at once. One thread; wake() makes it look at once.
#include <cstdint>
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
// Thread-safe.
struct Readiness {
  // Paused is the scheduler's own: the learner of the last attempt was lost, and the next one
  // waits.
  enum class State { Ready, Building, Failed, Paused } state = State::Ready;
  std::string detail;  // "building tensorflow 2.x for 40 s", or why it failed or pauses
  // It keeps its place in the queue, and its slots, until it is ready.
  bool delayed() const { return state == State::Building || state == State::Paused; }
};
class RuntimeGate {
 public:
  virtual ~RuntimeGate() = default;
  virtual Readiness readiness(const model::TrainingRun& run) = 0;
};

// Why a run waits.
struct WaitReason {
  // In the queue, 1: next; 0: it has its slots, but the engine cannot start its learner.
  std::size_t place = 0;
  // "needs 2 GPUs and 1 of 4 is free: training-abc (mnist) holds 3; …", after "the run"
  std::string message;
  std::vector<model::RunId> blocked_by;
  // When it may start, from the history of such runs. The message says it too, or that nothing is
  // known.
  std::optional<TimePoint> estimate;
};

struct SlotUse {
  engine::Slot slot;
  std::optional<model::RunId> held_by;
};

struct SchedulerOptions {
  std::string server_url;   // given to learners
  Milliseconds tick{1000};  // at the latest
  Milliseconds cancel_grace{30'000};
  // A number that is another one after each change of a run in the record. Then why() works the
  // queue out again only when it is, or after a second. Empty: each time.
  std::function<std::uint64_t()> record_revision = {};
  // The token that a learner of this run and attempt shows to the API.
  std::function<Secret(const model::RunId&, unsigned attempt)> learner_token;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;  // stops the thread; learners go on
  // Once. A round that fails is logged and tried again, later each time; the thread never ends.
  virtual void start() = 0;
  // Thread-safe, cheap. Call it when a run came, was canceled, ended or gave its slots back, and
  // when a runtime became ready.
  virtual void wake() = 0;
  virtual void tick() = 0;  // one round, for tests; not while started; throws what went wrong
  // These three are thread-safe and read what is so now.
  virtual std::optional<WaitReason> why(const model::RunId& id) = 0;  // nullopt: it does not wait
  virtual std::vector<SlotUse> slots() = 0;
  virtual engine::Capacity capacity() = 0;
};

// Throws InvalidInput naming what would fit when `compute` can never be met by `capacity`. Slots
// that are busy now count; cores and memory are held against runs that ask for numbers, since a
// named size says how many GPUs.
void check_fits(const model::Compute& compute, const engine::Capacity& capacity);

// All of them outlive the scheduler. options.learner_token must be set.
std::unique_ptr<Scheduler> make_scheduler(repository::RunRepository& runs,
                                          engine::ComputeEngine& engine, RuntimeGate& gate,
                                          Clock& clock, SchedulerOptions options);

}  // namespace trainyard::scheduler
