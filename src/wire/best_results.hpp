#pragma once
// Which trainings of an experiment run did best (wml-v3 b.7).
#include <span>
#include <string_view>
#include <vector>

#include "wire/metric.hpp"

namespace trainyard::wire {

// The indices of those that measured something, best first. `metrics` has the latest ones of each
// training. Compared is the first metric that `evaluation_definition` names
// ({"metrics":[{"name","maximize"?}]}; more is better unless it says otherwise); when none of them
// measured that, the first value of each. What was measured on another phase than "train" counts
// before what was measured on that.
std::vector<std::size_t> ranking(std::span<const std::vector<Metric>> metrics,
                                 std::string_view evaluation_definition);

}  // namespace trainyard::wire
