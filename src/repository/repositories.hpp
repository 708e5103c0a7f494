#pragma once
#include <memory>

#include "repository/definition_repository.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::repository {

// The two records over one store: which contents are used is asked of both at once.
struct Repositories {
  std::unique_ptr<RunRepository> runs;
  std::unique_ptr<DefinitionRepository> definitions;
};

}  // namespace trainyard::repository
