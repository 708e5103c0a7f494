#pragma once
// After the command, whatever became of it (T22): results, checkpoints and logs into the results
// bucket (wml-v3 e.4).
#include <functional>
#include <stop_token>

#include "learner/layout.hpp"
#include "learner/run_log.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::learner {

struct StageOutRequest {
  const Layout& layout;
  objectstore::ObjectStore& store;
  Milliseconds keep_trying;  // while the store is away
  Clock& clock;
  std::function<void(const wire::Progress&)> on_progress;
  std::function<void(std::string_view)> on_trouble;  // a try failed; the text says when the next is
};

// RESULT_DIR under "<id>/", LOG_DIR beside it as logs/, CHECKPOINT_DIR under "_wml_checkpoints/",
// the run's logs under "<id>/learner-1/". Tries again while the store is away; what is stored is
// not sent twice. Throws the store's Error when it gives up; the local files stay.
void stage_out(const StageOutRequest& request, std::stop_token stop);

}  // namespace trainyard::learner
