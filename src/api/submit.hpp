#pragma once
// From the body of POST /v3/models to a run in the queue, or to one error that names everything
// that is wrong with it. Nothing is kept of a request that is refused.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/service.hpp"

namespace trainyard::api {

// A request that was made before under the key is answered with its run, whatever became of what it
// names since; Conflict when the key stands for another request. Throws InvalidInput and what
// check_access throws; Conflict when the definition has no content yet; AskedTooMuch when stores
// keep too many requests waiting; Unavailable when the service stops before they answered.
// The run is the caller's, of any definition that they see.
model::TrainingRun submit_run(Service& service, const Call& call, std::string_view body,
                              const std::optional<std::string>& idempotency_key);

// Refuses as submit_run would, and does nothing else; `body` may leave out the definition.
void check_run(Service& service, const Call& call, std::string_view body);

// The training runs of an experiment, one for each training reference and checked as one by itself
// would be; errors name the reference. They are the experiment's owner's, of definitions that this
// one sees, whoever starts them. Nothing is kept.
std::vector<repository::NewRun> prepare_experiment(Service& service, const Call& call,
                                                   const repository::Experiment& experiment);

}  // namespace trainyard::api
