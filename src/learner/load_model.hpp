#pragma once
#include "learner/stage_in.hpp"

namespace trainyard::learner {

// Fetches the zip, checks its hash and unpacks it into MODEL_DIR; the log begins with the framework
// and how its environment was built. While the server does not answer it tries again. Errors as
// definition::extract; Corrupt when the hash is not the assignment's; Canceled.
void load_model(const StageInRequest& request, std::stop_token stop);

// The first lines of the log: framework and build log.
void log_runtime(const wire::RuntimeAssignment& runtime, RunLog& log);

}  // namespace trainyard::learner
