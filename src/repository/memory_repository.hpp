#pragma once
// The records in memory, for tests: the same behaviour as SQLite's, gone at the end.
#include "repository/repositories.hpp"

namespace trainyard::repository {

Repositories make_memory_repositories();

}  // namespace trainyard::repository
