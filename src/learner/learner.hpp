#pragma once
// The process that runs one attempt of a training run: stage-in, execute, stage-out. It owns the
// command, outlives the server, and talks to it by wire/learner.hpp alone.
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "client/learner_client.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/open_store.hpp"
#include "sandbox/sandbox.hpp"

namespace trainyard::learner {

struct LearnerOptions {
  unsigned attempt = 1;
  std::filesystem::path work_dir;             // of the run; exists
  std::vector<std::filesystem::path> hidden;  // what the command must not see: the state directory
  bool sandboxed = false;                     // bubblewrap works here
  std::optional<sandbox::User> user;          // for the command, when sandboxed and we are root
  objectstore::OpenOptions stores;
};

enum class LearnerEnd {
  Reported,    // the run ended and the server knows
  Superseded,  // the run is gone, or another attempt has it
  Busy,        // another learner works in this directory
};

// Blocks until the run ended. `cancel` (SIGTERM) ends the command and goes on to stage-out. What
// the run does wrong is reported, not thrown; throws Error when the learner itself cannot work.
LearnerEnd run_learner(client::LearnerClient& client, objectstore::DatasetCache& cache,
                       Clock& clock, const LearnerOptions& options, std::stop_source cancel);

// The exit code for a learner that found another one in its place (engine/local_engine.hpp).
inline constexpr int kBusyExitCode = 75;

}  // namespace trainyard::learner
