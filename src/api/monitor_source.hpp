#pragma once
// A run's state, log and metrics as the frames of the monitor websocket (wml-v3 b.5).
#include <cstdint>
#include <memory>

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

// The first frame tells the state, then one for each piece of log (whole lines where it can be),
// each metric and each change of state; the last tells the end. The log begins at `offset`, once it
// is that long. The record of runs is read when the hub says that the run changed, and not for each
// frame.
std::shared_ptr<http::PushSource> monitor_run(const MonitorParts& parts, const model::RunId& run,
                                              std::uint64_t offset);

}  // namespace trainyard::api
