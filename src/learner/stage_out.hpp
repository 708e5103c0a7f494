#pragma once
// After the command, whatever became of it (T22): results, checkpoints and logs into the results
// bucket (wml-v3 e.4).
//
//   RESULT_DIR      <id>/…
//   LOG_DIR         <id>/learner-1/…, and there too the run's own logs
//   CHECKPOINT_DIR  _wml_checkpoints/…
// all below the prefix of training_results, when the manifest has one.
#include <functional>
#include <stop_token>
#include <string_view>

#include "base/clock.hpp"
#include "learner/layout.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::learner {

struct StageOutRequest {
  const Layout& layout;
  objectstore::ObjectStore& store;
  std::string prefix;        // of all keys; empty or ending in '/'
  Milliseconds keep_trying;  // while the store is away
  Clock& clock;
  std::function<void(const wire::Progress&)> on_progress;
  // For the user: what was left out, or why it takes longer and when the next try is.
  std::function<void(std::string_view)> tell;
};

// Stores what is there, each file once, and tries again while the store is away. What can be
// stored is, also when something else cannot. Throws the first error when it gives up; the local
// files stay. `hurry`: one more try, then give up. `abandon`: stop at once (Canceled).
void stage_out(const StageOutRequest& request, std::stop_token hurry, std::stop_token abandon);

}  // namespace trainyard::learner
