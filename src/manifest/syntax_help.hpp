#pragma once
// Says in plain words why a text is no YAML, and what to change.
#include <string_view>

#include "manifest/diagnostic.hpp"

namespace trainyard::manifest {

// `at` and `reason` are the YAML reader's. The answer names keys of the text, never its values.
Diagnostic explain_syntax_error(std::string_view text, Position at, std::string_view reason);

}  // namespace trainyard::manifest
