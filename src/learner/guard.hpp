#pragma once
// The process between a learner and a command that nothing confines. Should the learner be killed,
// it ends the command at once, with everything that it started, however that has detached itself or
// cleaned its environment: slots that the service takes for free then are. (A sandbox and a
// container end with their first process.)
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::learner {

// How it appears in proc(5).
inline constexpr std::string_view kGuardName = "run-guard";

// Runs a command line with our environment and output to its end; returns its exit code, 128 +
// signal when it was killed. Signals for the command are sent to its processes, not through here:
// SIGTERM is ignored. Call it once in a process with one thread, started by the learner's main
// thread; when that thread is gone it kills all that descends from it and returns. Throws Error
// when the command cannot be started.
int guard(const std::vector<std::string>& argv);

}  // namespace trainyard::learner
