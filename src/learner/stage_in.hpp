#pragma once
// Before the command: the model definition unpacked, the runtime named, the data bucket brought.
#include <optional>
#include <stop_token>

#include "client/learner_client.hpp"
#include "learner/layout.hpp"
#include "learner/run_log.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/open_store.hpp"
#include "sandbox/sandbox.hpp"

namespace trainyard::learner {

// Fetches the zip, checks its hash and unpacks it into MODEL_DIR. Errors as definition::extract;
// Corrupt when the hash is not the assignment's.
void load_model(client::LearnerClient& client, const wire::Assignment& assignment,
                const Layout& layout, const std::optional<sandbox::User>& owner, RunLog& log,
                std::stop_token stop);

// Every object of the data bucket (T16), through the node's cache. `shared`: the command sees the
// data read-only, so the cache's own tree may be shown.
objectstore::Dataset load_data(objectstore::DatasetCache& cache, objectstore::ObjectStore& store,
                               const wire::Assignment& assignment, const Layout& layout,
                               bool shared, RunLog& log,
                               const std::function<void(const wire::Progress&)>& on_progress,
                               std::stop_token stop);

// What earlier runs left under _wml_checkpoints in the results bucket, into CHECKPOINT_DIR.
void load_checkpoints(objectstore::ObjectStore& store, const Layout& layout, RunLog& log,
                      std::stop_token stop);

}  // namespace trainyard::learner
