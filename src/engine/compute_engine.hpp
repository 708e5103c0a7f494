#pragma once
// Where learners are started: local, fake; later slurm, kubernetes. Thread-safe.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "base/secret.hpp"
#include "model/ids.hpp"

namespace trainyard::engine {

// One GPU, or one share of the cores on a machine without GPUs.
struct Slot {
  std::string id;  // GPU UUID ("GPU-1f0a…") or "cpu-0"
  bool gpu = false;
  std::string model;               // "NVIDIA H100 80GB HBM3", "2 of 8 cores"
  std::uint64_t memory_bytes = 0;  // of the GPU
  // Set when it cannot be given now: "busy: pid 4711 (python) uses 3.2 GiB of it".
  std::string unavailable;
};

struct Capacity {
  std::vector<Slot> slots;
  bool gpus = false;
  unsigned cores = 0;
  std::uint64_t memory_bytes = 0;
  std::string note;  // "no GPU found: 4 CPU slots stand in" – shown by status
};

struct LearnerSpec {
  model::RunId run;
  unsigned attempt = 1;
  std::vector<std::string> slots;  // ids; empty: it only saves results
  Secret token;                    // the learner's, for this run and attempt
  std::string server_url;
};

enum class LearnerState { Running, Exited, Unknown };
struct Observation {
  std::string handle;
  LearnerState state = LearnerState::Unknown;
  std::string detail;  // "exit code 3", "killed by signal 9", "the machine was restarted"
};

struct Traits {
  std::string_view name;       // "local"
  bool queues_itself = false;  // slurm: submit at once, it does the waiting
  Milliseconds observe_every{1000};
};

class ComputeEngine {
 public:
  virtual ~ComputeEngine() = default;
  virtual const Traits& traits() const = 0;
  virtual Capacity capacity() = 0;
  // Starts the learner and returns its handle. Idempotent on (run, attempt): a second call returns
  // the handle of the first, also after a restart of the service. Throws Error.
  virtual std::string submit(const LearnerSpec& spec) = 0;
  // One observation for each handle, in order. A handle that nobody knows is Exited; what cannot be
  // found out now is Unknown. Called now and then even with nothing to ask: engines clean up in it.
  virtual std::vector<Observation> observe(std::span<const std::string> handles) = 0;
  // Asks the learner to stop the command and save what there is; after `grace` without an end the
  // command is killed by the learner. Returns at once; unknown or ended handles are fine.
  virtual void cancel(const std::string& handle, Milliseconds grace) = 0;
  // The run's record is going: remove what the engine keeps of it (work directory). Idempotent.
  virtual void forget(const model::RunId& run) = 0;
};

}  // namespace trainyard::engine
