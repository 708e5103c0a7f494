#pragma once
#include <string>

#include "wire/learner.hpp"

namespace trainyard::wire {

// "12 of 40 files, 1.5 GiB of 3 GiB, 200 MiB/s, limited by the network, 8 s left"; what stands in
// its way comes last, or alone when nothing is known but that.
std::string progress_text(const Progress& progress);

}  // namespace trainyard::wire
