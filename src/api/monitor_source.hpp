#pragma once
// A run's state and log as the frames of the monitor websocket (wml-v3 b.5).
#include <memory>
#include <optional>

#include "api/run_hub.hpp"
#include "http/server.hpp"
#include "logstore/log_store.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::api {

struct MonitorParts {
  repository::RunRepository& runs;
  logstore::LogStore& logs;
  RunHub& hub;
};

// The first frame tells the state, then one for each piece of log (whole lines where it can be) and
// each change of state; the last tells the end. `last_lines`: only that many from the end on.
std::shared_ptr<http::PushSource> monitor_run(const MonitorParts& parts, const model::RunId& run,
                                              std::optional<std::size_t> last_lines);

}  // namespace trainyard::api
