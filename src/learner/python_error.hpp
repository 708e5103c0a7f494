#pragma once
#include <optional>
#include <string>
#include <vector>

namespace trainyard::learner {

// "ValueError: bad shape": the line that ends the last Python traceback in these lines, or, when
// its beginning is not among them, the last line that reads like one. A launcher's report that a
// child failed counts for less than the child's own. nullopt when there is none.
std::optional<std::string> python_error(const std::vector<std::string>& lines);

}  // namespace trainyard::learner
