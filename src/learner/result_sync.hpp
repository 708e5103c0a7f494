#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>

#include "base/clock.hpp"
#include "learner/result_upload.hpp"

namespace trainyard::learner {

// Uploads while the command runs, so that a machine that is lost takes little with it: a pass over
// the results each `quiet`, later when a pass took longer or its own thread, which walks through
// the directories, worked for more than a twentieth of that, and after one that failed, but at
// least one every five minutes; and beside these the logs. `upload` is its own until it is
// destroyed.
class ResultSync {
 public:
  // `abandon` ends a pass at once, as does the destructor. Failures are for finish() to deal with.
  ResultSync(ResultUpload& upload, Milliseconds quiet, Clock& clock, std::stop_token abandon);
  ResultSync(const ResultSync&) = delete;

 private:
  // Stores what can be stored now; how much could not be.
  using Pass = std::function<std::uint64_t(std::stop_token)>;
  std::jthread start(Pass pass, const std::stop_token& abandon);
  void work(const Pass& pass, std::stop_token stop);

  const Milliseconds quiet_;
  Clock& clock_;
  std::jthread results_, logs_;  // last
};

}  // namespace trainyard::learner
