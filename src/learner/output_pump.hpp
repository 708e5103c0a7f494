#pragma once
// From the pipe that holds a command's output into its log.
#include <string>

#include "base/fd.hpp"
#include "learner/run_log.hpp"

namespace trainyard::learner {

class OutputPump {
 public:
  // Reads without waiting.
  OutputPump(Fd from, RunLog& log);

  // The descriptor to wait for; -1 when there is nothing to read any more, or the log must take
  // first what was read.
  int wait_fd() const { return open_ && pending_.empty() ? from_.get() : -1; }
  bool clogged() const { return !pending_.empty(); }
  // Moves at most 64 KiB; false when there was nothing to move or the log takes nothing.
  bool once();

 private:
  bool write_pending();

  Fd from_;
  RunLog& log_;
  std::string buffer_;
  std::string pending_;  // read, and not yet in the log
  bool open_ = true;
};

}  // namespace trainyard::learner
