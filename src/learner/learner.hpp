#pragma once
// The process that runs one attempt of a training run: stage-in, execute, stage-out. It owns the
// command, outlives the server, and talks to it by wire/learner.hpp alone. How it is started and
// what its work directory is: engine/local_engine.hpp.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "client/learner_client.hpp"
#include "learner/stage_in.hpp"
#include "objectstore/dataset_cache.hpp"
#include "sandbox/sandbox.hpp"

namespace trainyard::learner {

struct LearnerOptions {
  unsigned attempt = 1;
  std::filesystem::path work_dir;                    // of the run; exists
  std::vector<std::filesystem::path> hidden = {};    // from the command: the state directory
  std::uint64_t keep_free = std::uint64_t(1) << 30;  // bytes that staged data leaves on the disk
  bool sandboxed = false;                            // bubblewrap works here
  // The command line that ends in a call of guard() with what follows it.
  std::vector<std::string> guard = {};
  // Of a sandboxed command, when we are root.
  std::optional<sandbox::User> user = std::nullopt;
  OpenStore open_store;  // from the main thread and others
};

enum class LearnerEnd {
  Reported,    // the run ended and the server knows
  Superseded,  // the run is gone, or another attempt has it
  Busy,        // another learner works in this directory
};
// The exit code for Busy (engine/local_engine.hpp).
inline constexpr int kBusyExitCode = 75;

// Blocks until the run ended and everything is stored and told, however long the server or the
// store are away. `cancel` ends the command, then its results are stored as ever; it is requested
// by the caller (SIGTERM) or in here. What goes wrong with the run is reported, not thrown; throws
// Error when the learner cannot work at all: the server refuses its token, or /proc is missing.
//
// Call it on the thread that lives as long as the process does, in a process without other
// children. Killed at any point, it leaves a directory from which the next attempt goes on: one
// whose command was started never starts it again.
LearnerEnd run_learner(client::LearnerClient& client, objectstore::DatasetCache& cache,
                       Clock& clock, const LearnerOptions& options, std::stop_source cancel);

}  // namespace trainyard::learner
