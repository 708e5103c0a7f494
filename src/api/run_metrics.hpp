#pragma once
// The last that a run measured of itself (wml-v3 b.4), out of its log of metrics, which is kept as
// long as the run is.
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/sync.hpp"
#include "logstore/log_store.hpp"
#include "model/run.hpp"
#include "wire/metric.hpp"

namespace trainyard::api {

// Thread-safe. A log that has not grown is not read again, for the runs that were asked for last.
class RunMetrics {
 public:
  RunMetrics() : RunMetrics(8192) {}
  explicit RunMetrics(std::size_t most_runs) : half_(most_runs / 2) {}

  // The latest metric of each phase, at most 8, the latest first: clients look at the first. Of a
  // long log only the last 64 KiB are looked at. Empty when the command has not begun.
  std::vector<wire::Metric> latest(logstore::LogStore& logs, const model::TrainingRun& run);

 private:
  struct Entry {
    std::uint64_t log_size = 0;
    std::vector<wire::Metric> metrics;
  };
  using Entries = std::unordered_map<model::RunId, Entry>;
  // When the young ones are as many as their half they become the old ones, and those go.
  struct Generations {
    Entries young, old;
  };
  void put(Generations& generations, const model::RunId& run, Entry entry) const;
  const Entry* find(Generations& generations, const model::RunId& run) const;

  std::size_t half_;
  Sync<Generations> generations_;
};

}  // namespace trainyard::api
