#pragma once
// Runs the user's command to its end: its output goes to the training log as it comes, and it is
// ended with everything it started.
#include <stop_token>

#include "base/clock.hpp"
#include "learner/command.hpp"
#include "learner/run_log.hpp"

namespace trainyard::learner {

struct ExecuteResult {
  int exit_code = 0;                  // 128 + signal when it was killed
  bool stopped = false;               // because of `cancel`
  bool kernel_out_of_memory = false;  // the kernel's OOM killer struck meanwhile, anywhere
};

// Blocks until the command ended and no process descends from this one any more. On `cancel`:
// SIGTERM to all of them, SIGKILL after `grace`. When the log takes no bytes, the disk being full,
// the command waits in its writes until there is space or it ends.
//
// Call it on the thread that lives as long as the process does, in a process that is a subreaper
// and has no other children. Throws Error when the command could not be started.
ExecuteResult execute(const Command& command, RunLog& log, Milliseconds grace,
                      std::stop_token cancel);

}  // namespace trainyard::learner
