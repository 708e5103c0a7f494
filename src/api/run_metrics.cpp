#include "api/run_metrics.hpp"

#include <algorithm>
#include <utility>

namespace trainyard::api {
namespace {

using logstore::Stream;

constexpr std::size_t kLookedAt = 64 << 10;
constexpr std::size_t kMostPhases = 8;

// The last whole lines of a log of `size` bytes.
std::string end_of(logstore::LogStore& logs, const model::RunId& run, std::uint64_t size) {
  const std::uint64_t begin = size - std::min<std::uint64_t>(size, kLookedAt);
  std::string bytes = logs.read(run, Stream::Metrics, begin, size - begin);
  bytes.resize(bytes.rfind('\n') + 1);  // none: nothing is left
  if (begin > 0) bytes.erase(0, bytes.find('\n') + 1);
  return bytes;
}

std::vector<wire::Metric> read_latest(logstore::LogStore& logs, const model::RunId& run,
                                      std::uint64_t size) {
  std::vector<wire::Metric> latest;
  const std::string bytes = end_of(logs, run, size);
  std::string_view rest = bytes;
  while (!rest.empty() && latest.size() < kMostPhases) {
    rest.remove_suffix(1);  // the newline
    const std::size_t begin = rest.rfind('\n') + 1;
    auto metric = wire::parse_metric_line(rest.substr(begin));
    rest = rest.substr(0, begin);
    const bool known = !metric || std::ranges::any_of(latest, [&](const wire::Metric& later) {
      return later.phase == metric->phase;
    });
    if (!known) latest.push_back(std::move(*metric));
  }
  return latest;
}

}  // namespace

std::vector<wire::Metric> RunMetrics::latest(logstore::LogStore& logs,
                                             const model::TrainingRun& run) {
  if (!run.status.execute_began) return {};
  const std::uint64_t size = logs.size(run.id, Stream::Metrics);
  if (size == 0) return {};
  {
    auto generations = generations_.lock();
    const Entry* entry = find(*generations, run.id);
    if (entry != nullptr && entry->log_size == size) return entry->metrics;
  }
  auto metrics = read_latest(logs, run.id, size);
  put(*generations_.lock(), run.id, {size, metrics});
  return metrics;
}

const RunMetrics::Entry* RunMetrics::find(Generations& generations, const model::RunId& run) const {
  if (auto moved = generations.old.extract(run)) put(generations, run, std::move(moved.mapped()));
  const auto found = generations.young.find(run);
  return found == generations.young.end() ? nullptr : &found->second;
}

void RunMetrics::put(Generations& generations, const model::RunId& run, Entry entry) const {
  if (generations.young.size() >= half_) generations.old = std::exchange(generations.young, {});
  generations.young[run] = std::move(entry);
}

}  // namespace trainyard::api
