#pragma once
// What the resources of experiments share. For src/api only.
#include "api/service.hpp"

namespace trainyard::api {

// The experiment of the path's {id} if the caller sees it; throws NotFound.
repository::Experiment find_experiment(Service& service, const Call& call);

// Takes it out with all its training runs; those that are live are canceled, and go once they have
// ended. To be repeated when it was interrupted.
void remove_experiment_run(Service& service, const repository::ExperimentRun& run);

}  // namespace trainyard::api
