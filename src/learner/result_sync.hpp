#pragma once
#include <stop_token>
#include <thread>

#include "base/clock.hpp"
#include "learner/result_upload.hpp"

namespace trainyard::learner {

// Uploads while the command runs, so that a machine that is lost takes little with it: a pass over
// the results each `quiet`, but never more than a twentieth of the time, and later after one that
// failed. `upload` is its own until it is destroyed.
class ResultSync {
 public:
  // `abandon` ends a pass at once, as does the destructor. Failures are for finish() to deal with.
  ResultSync(ResultUpload& upload, Milliseconds quiet, Clock& clock, std::stop_token abandon);
  ResultSync(const ResultSync&) = delete;

 private:
  void work(std::stop_token stop);

  ResultUpload& upload_;
  const Milliseconds quiet_;
  Clock& clock_;
  std::jthread thread_;  // last
};

}  // namespace trainyard::learner
