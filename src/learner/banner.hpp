#pragma once
// The fixed lines of training-log.txt (wml-v3 e.3). Pure.
#include <map>
#include <string>

#include "base/clock.hpp"

namespace trainyard::learner {

// Everything before the command's own output. `env` is the command's environment; `framework` the
// name in the manifest.
std::string banner(const std::map<std::string, std::string>& env, const std::string& framework,
                   TimePoint now);
// The last line, once the command ended.
std::string closing_line(int exit_code);
// "Tue Jun 26 05:00:00 UTC 2018", as date(1) prints it.
std::string date_text(TimePoint time);

}  // namespace trainyard::learner
