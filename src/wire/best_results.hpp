#pragma once
// Which trainings of an experiment run did best (wml-v3 b.7).
#include <span>
#include <string_view>
#include <vector>

#include "wire/json_reader.hpp"
#include "wire/metric.hpp"

namespace trainyard::wire {

// Throws InvalidInput, with the name of the field, when an experiment's `settings` have an
// evaluation_definition that is not {"metrics":[METRIC…]?}, METRIC being a name or
// {"name"?,"maximize"?}. Other fields of it are not looked at.
void check_evaluation(const JsonObject& settings);

// The indices of those that measured something, best first. `metrics` has the latest ones of each
// training. Compared is the first metric that `evaluation_definition` names
// (more is better unless that says otherwise; one that check_evaluation would refuse names none);
// when none of them measured that, the first value of each. What was measured on another phase than
// "train" counts before what was measured on that.
std::vector<std::size_t> ranking(std::span<const std::vector<Metric>> metrics,
                                 std::string_view evaluation_definition);

}  // namespace trainyard::wire
