#include "api/run_metrics.hpp"

#include <algorithm>
#include <utility>

namespace trainyard::api {
namespace {

using logstore::Stream;

constexpr std::size_t kLookedAt = 64 << 10;
constexpr std::size_t kMostPhases = 8;
constexpr std::size_t kEntryBytes = 200;  // beside the text

// The last whole lines of a log of `size` bytes.
std::string end_of(logstore::LogStore& logs, const model::RunId& run, std::uint64_t size) {
  const std::uint64_t begin = size - std::min<std::uint64_t>(size, kLookedAt);
  std::string bytes = logs.read(run, Stream::Metrics, begin, size - begin);
  bytes.resize(bytes.rfind('\n') + 1);  // none: nothing is left
  if (begin > 0) bytes.erase(0, bytes.find('\n') + 1);
  return bytes;
}

RunMetrics::LatestPtr read_latest(logstore::LogStore& logs, const model::RunId& run,
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
  auto text = wire::encode(latest);
  return std::make_shared<const RunMetrics::Latest>(
      RunMetrics::Latest{std::move(latest), std::move(text)});
}

}  // namespace

RunMetrics::LatestPtr RunMetrics::latest(logstore::LogStore& logs, const model::TrainingRun& run) {
  static const LatestPtr kNone = std::make_shared<const Latest>();
  if (!run.status.execute_began) return kNone;
  const auto kept = find(run.id);
  if (kept && kept->ended) return kept->latest;
  const bool ended = run.status.phase == model::Phase::Ended;
  const std::uint64_t size = logs.size(run.id, Stream::Metrics);
  const bool same = kept && kept->log_size == size;
  if (same && !ended) return kept->latest;
  if (size == 0 && !ended) return kNone;
  const auto latest = same ? kept->latest : read_latest(logs, run.id, size);
  put(*generations_.lock(), run.id, {.log_size = size, .ended = ended, .latest = latest});
  return latest;
}

std::size_t RunMetrics::Entry::bytes() const { return kEntryBytes + latest->text.size(); }

std::optional<RunMetrics::Entry> RunMetrics::find(const model::RunId& run) {
  auto generations = generations_.lock();
  const auto young = generations->young.find(run);
  if (young != generations->young.end()) return young->second;
  const auto moved = generations->old.extract(run);
  if (!moved) return std::nullopt;
  put(*generations, run, moved.mapped());
  return moved.mapped();
}

void RunMetrics::put(Generations& generations, const model::RunId& run, Entry entry) const {
  if (const auto before = generations.young.extract(run)) {
    generations.young_bytes -= before.mapped().bytes();
  }
  const std::size_t bytes = entry.bytes();
  if (bytes > half_) return;
  if (generations.young_bytes + bytes > half_) {
    generations.old = std::exchange(generations.young, {});
    generations.young_bytes = 0;
  }
  generations.young_bytes += bytes;
  generations.young.emplace(run, std::move(entry));
}

}  // namespace trainyard::api
