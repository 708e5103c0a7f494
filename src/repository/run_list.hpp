#pragma once
// Questions about runs as SQL: a list costs what its page does. For src/repository only.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "repository/run_repository.hpp"
#include "repository/run_rows.hpp"

namespace trainyard::repository {

struct ListStatement {
  std::string sql;  // one of a few hundred texts, whatever is asked
  std::vector<std::variant<std::int64_t, std::string>> parameters;
};

// Yields query.limit + 1 rows of selected_columns(query.detail), when there are so many. nullopt
// when no run can match. Throws InvalidInput.
std::optional<ListStatement> list_statement(const RunQuery& query);

// Yields phase, state and number of those runs, for each way that a live run may stand. Reads an
// index alone.
const std::string& live_count_sql();

}  // namespace trainyard::repository
