#pragma once
// The last that a run measured of itself (wml-v3 b.4), out of its log of metrics, which is kept as
// long as the run is. Made once for as long as it holds: pages of the history are asked for again
// and again.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/sync.hpp"
#include "logstore/log_store.hpp"
#include "model/run.hpp"
#include "wire/metric.hpp"

namespace trainyard::api {

// Thread-safe. A log that has not grown is not read again, and that of an ended run not looked at
// again, for the runs that were asked for last.
class RunMetrics {
 public:
  struct Latest {
    // Of each phase, at most 8, the latest first: clients look at the first.
    std::vector<wire::Metric> metrics;
    std::string text = "[]";  // wire::encode of them
  };
  using LatestPtr = std::shared_ptr<const Latest>;

  RunMetrics() : RunMetrics(4u << 20) {}
  // Keeps at most about `most_bytes` of text.
  explicit RunMetrics(std::size_t most_bytes) : half_(most_bytes / 2) {}

  // Never null. Of a long log only the last 64 KiB are looked at. Empty when the command has not
  // begun.
  LatestPtr latest(logstore::LogStore& logs, const model::TrainingRun& run);

 private:
  struct Entry {
    std::uint64_t log_size = 0;
    bool ended = false;  // the log does not grow any more
    LatestPtr latest;
    std::size_t bytes() const;
  };
  using Entries = std::unordered_map<model::RunId, Entry>;
  // When the young ones fill their half they become the old ones, and those go.
  struct Generations {
    Entries young, old;
    std::size_t young_bytes = 0;
  };
  std::optional<Entry> find(const model::RunId& run);
  void put(Generations& generations, const model::RunId& run, Entry entry) const;

  std::size_t half_;
  Sync<Generations> generations_;
};

}  // namespace trainyard::api
