#pragma once
// Runs the user's command to its end: its output goes to the training log as it comes, and it is
// ended with everything it started.
#include <functional>
#include <stop_token>

#include "base/clock.hpp"
#include "learner/command.hpp"
#include "learner/run_log.hpp"

namespace trainyard::learner {

struct ExecuteResult {
  int exit_code = 0;                  // 128 + signal when it was killed
  bool stopped = false;               // because of `cancel`
  bool out_of_room = false;           // because `no_room` said so
  bool kernel_out_of_memory = false;  // the kernel's OOM killer struck meanwhile, anywhere
};

// Blocks until the command ended and no process descends from this one any more. On `cancel`:
// SIGTERM to all of them, SIGKILL after `grace`. `no_room`, when given, is asked twice a second;
// when it says yes, SIGKILL follows at once, for a writer would fill the disk meanwhile. When the
// log takes no bytes, the disk being full, the command waits in its writes until there is space or
// it ends.
//
// Call it on the thread that lives as long as the process does, in a process that is a subreaper
// and has no other children. Throws Error when the command could not be started.
ExecuteResult execute(const Command& command, RunLog& log, Milliseconds grace,
                      std::stop_token cancel, const std::function<bool()>& no_room = {});

}  // namespace trainyard::learner
