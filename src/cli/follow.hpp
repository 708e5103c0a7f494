#pragma once
// One run, watched until it has ended.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace trainyard::cli {

struct Watch {
  std::function<void(const wire::RunView&)> on_look;  // each time the run was looked at
  std::function<void(std::string_view)> on_log;       // bytes in order; empty: no log is wanted
  std::optional<std::uint64_t> last_lines;            // how much of the log at first
};

// Looks at the run until its command has started, hands over the log until it is complete, and
// returns the run as it ended. A service that is away for a while is waited for; nothing of the log
// is lost or doubled. Throws as the client does, when the run cannot be seen at first, and
// Canceled.
wire::RunView watch_run(Session& session, const std::string& id, const Watch& watch);

// "training-DOl4q2LkR error: the command ended with exit code 1"
std::string outcome_text(const wire::RunView& run);
// 0 for a run that completed, 1 otherwise.
int outcome_code(const wire::RunView& run);

// `train --follow`, `logs --follow`: the log to `out`, phases and the outcome to `err`.
int follow_to_the_end(Session& session, const std::string& id,
                      std::optional<std::uint64_t> last_lines);

}  // namespace trainyard::cli
