#pragma once
// Before the command: the model definition unpacked into MODEL_DIR, the whole data bucket under
// DATA_DIR (T16), and the checkpoints of earlier runs in CHECKPOINT_DIR; all three at the same
// time.
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/error.hpp"
#include "client/learner_client.hpp"
#include "learner/layout.hpp"
#include "learner/run_log.hpp"
#include "learner/verdict.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/retry.hpp"
#include "sandbox/sandbox.hpp"

namespace trainyard::learner {

// `watch` is shown what is tried again.
using OpenStore = std::function<std::unique_ptr<objectstore::ObjectStore>(
    const model::StoreReference&, const objectstore::RetryPolicy& retry,
    std::shared_ptr<objectstore::RetryWatch> watch)>;

struct StageInRequest {
  client::LearnerClient& client;
  objectstore::DatasetCache& cache;
  const OpenStore& open_store;
  Clock& clock;
  const wire::Assignment& assignment;
  const Layout& layout;                // its directories are prepared
  std::optional<sandbox::User> owner;  // of what the command may write
  std::uint64_t keep_free;             // bytes on the disk
  RunLog& model_log;
  RunLog& data_log;
  std::function<void(const wire::Progress&)> on_progress;  // thread-safe
};

// What failed, and in which step.
class StepError : public Error {
 public:
  StepError(Step step, const Error& error) : Error(error), step_(step) {}
  Step step() const noexcept { return step_; }

 private:
  Step step_;
};

// The data as the command is shown it: a confined command the cache's own tree, read-only, any
// other a copy. Throws StepError for the first step that failed, after the others have ended, with
// a line in the step's log; of kind Canceled when `stop` was requested. While the server is away it
// waits; for a bucket that is, ten minutes.
objectstore::Dataset stage_in(const StageInRequest& request, std::stop_token stop);

}  // namespace trainyard::learner
