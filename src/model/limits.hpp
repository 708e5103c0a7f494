#pragma once
// Limits that hold wherever a thing is named: in files and in requests.
#include <cstddef>

namespace trainyard::model {

// The name of a run, a training definition, an experiment or one of its training references.
inline constexpr std::size_t kMostNameBytes = 1'000;

}  // namespace trainyard::model
