#pragma once
// Learners as processes of this machine, each in a session of its own, so that they outlive the
// service. A restarted service finds them again by boot id, pid and start time.
//
// What the engine and a learner agree on (work_dir.hpp has the files):
//  - It is started as `PROGRAM learner --run ID --attempt N --server URL --work-dir DIR`, and then
//    the learner_arguments; in DIR, with stdout and stderr in DIR/learner.log. Its token is in
//    DIR/token, never in arguments or environment.
//  - First it makes SIGTERM harmless (blocked or handled), then it takes the lock:
//    LockFile::try_acquire("lock", "attempt N") in DIR, kept to its end. When another has it, it
//    exits with kLearnerLockTaken and touches nothing. So no two learners ever work in DIR, even
//    when the service was killed between starting one and noting it.
//  - Only then does it fetch its assignment. The engine sends SIGTERM ("end the command, save what
//    there is") only to a learner that holds the lock; an earlier request to cancel stands in the
//    assignment. SIGTERM goes to the learner alone, never to its children, and nothing is ever
//    sent after it: storing results may take as long as it takes. A learner ends its command's
//    processes itself, by force after the grace period of its assignment.
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/compute_engine.hpp"

namespace trainyard::engine {

inline constexpr int kLearnerLockTaken = 75;

struct LocalEngineOptions {
  std::filesystem::path program = "/proc/self/exe";  // stays this version when the file is replaced
  std::filesystem::path runs_directory;
  std::vector<std::string> learner_arguments;
  // The service's environment; learner_environment() of it is passed on.
  std::map<std::string, std::string> environment;
  // Slots of a machine without a GPU; default: one for each core and at least 4, so that every size
  // runs, if slower.
  std::optional<unsigned> cpu_slots;
  std::filesystem::path nvml_library = "libnvidia-ml.so.1";
};

// observe() also collects the learners of this process that ended: call it now and then even when
// there is nothing to observe. capacity() asks the driver at most once a second.
std::unique_ptr<ComputeEngine> make_local_engine(LocalEngineOptions options, Clock& clock);

}  // namespace trainyard::engine
