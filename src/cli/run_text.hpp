#pragma once
// Parts of a run as text, for lists and details.
#include <optional>
#include <string>

#include "wire/run.hpp"

namespace trainyard::cli {

// "2017-10-26T11:16:51Z"; `absent` when there is none.
std::string time_text(const std::optional<TimePoint>& time, std::string_view absent);
// "running/staging", "completed", "running/training (canceling)"
std::string state_text(const wire::RunView& run);
// "small (1 GPU)", "3 GPUs", "small"
std::string size_text(const wire::RunView& run);
// On one line, without blanks at its ends.
std::string command_text(const wire::RunView& run);
// {"id":…,"name":…,"state":…} with the fields of a summary.
std::string summary_json(const wire::RunView& run);

}  // namespace trainyard::cli
