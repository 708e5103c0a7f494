#pragma once
#include <string_view>

namespace trainyard::runtime {

// The catalogue that ships with the program, in the format of docs/frameworks.md.
std::string_view builtin_catalogue();

}  // namespace trainyard::runtime
