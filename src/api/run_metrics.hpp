#pragma once
// The last that a run measured of itself (wml-v3 b.4), out of its log of metrics, which is kept as
// long as the run is.
#include <vector>

#include "logstore/log_store.hpp"
#include "model/run.hpp"
#include "wire/metric.hpp"

namespace trainyard::api {

// The latest metric of each phase, at most 8, the latest first: clients look at the first. Of a
// long log only the last 64 KiB are looked at. Empty when the command has not begun.
std::vector<wire::Metric> latest_metrics(logstore::LogStore& logs, const model::TrainingRun& run);

}  // namespace trainyard::api
