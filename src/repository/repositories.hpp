#pragma once
#include <memory>

#include "repository/definition_repository.hpp"
#include "repository/experiment_repository.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::repository {

// The records over one store: which contents are used is asked of runs and definitions at once, and
// an experiment run and its training runs are started in one transaction.
struct Repositories {
  std::unique_ptr<RunRepository> runs;
  std::unique_ptr<DefinitionRepository> definitions;
  std::unique_ptr<ExperimentRepository> experiments;
  std::unique_ptr<ExperimentRunRepository> experiment_runs;
};

}  // namespace trainyard::repository
