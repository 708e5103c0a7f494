#pragma once
// The training runs of an experiment run as the frames of its monitor websocket (wml-v3 b.5).
#include <memory>
#include <optional>
#include <span>

#include "api/monitor_source.hpp"

namespace trainyard::api {

// What the monitor of each training run tells, in turns, under its name. Ends when all have ended.
std::shared_ptr<http::PushSource> monitor_experiment(const MonitorParts& parts,
                                                     std::span<const model::TrainingRun> runs,
                                                     std::optional<std::size_t> last_lines);

}  // namespace trainyard::api
