#include "api/run_metrics.hpp"

#include <algorithm>

namespace trainyard::api {
namespace {

using logstore::Stream;

constexpr std::size_t kLookedAt = 64 << 10;
constexpr std::size_t kMostPhases = 8;

// The last whole lines of the log, and what stands before them.
std::string end_of(logstore::LogStore& logs, const model::RunId& run) {
  const std::uint64_t size = logs.size(run, Stream::Metrics);
  if (size == 0) return {};
  const std::uint64_t begin = size - std::min<std::uint64_t>(size, kLookedAt);
  std::string bytes = logs.read(run, Stream::Metrics, begin, kLookedAt);
  bytes.resize(bytes.rfind('\n') + 1);  // none: nothing is left
  if (begin > 0) bytes.erase(0, bytes.find('\n') + 1);
  return bytes;
}

}  // namespace

std::vector<wire::Metric> latest_metrics(logstore::LogStore& logs, const model::TrainingRun& run) {
  std::vector<wire::Metric> latest;
  if (!run.status.execute_began) return latest;
  const std::string bytes = end_of(logs, run.id);
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

}  // namespace trainyard::api
