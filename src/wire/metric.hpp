#pragma once
// What a training program measures of itself (wml-v3 e.5): a line of evaluation-metrics.txt, and
// the metric of the API that it becomes.
//   {"timestamp","iteration","phase","values":[{"name","value"}]}
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::wire {

inline constexpr std::size_t kMaxMetricLine = 16 << 10;
inline constexpr std::size_t kMostMetricText = 1000;  // bytes of a text; a longer one ends in "…"

struct Metric {
  std::string timestamp;  // ISO 8601, or as the program wrote it
  std::int64_t iteration = 0;
  std::string phase;  // "train", "test"
  std::vector<std::pair<std::string, double>> values;
  bool operator==(const Metric&) const = default;
};

// nullopt for a line that is no metric: programs write what they like.
std::optional<Metric> parse_metric_line(std::string_view line);
std::string encode(const Metric& metric);
// The same measurement in as few pieces as it takes for each to be encoded in `most_bytes`; a piece
// of one value may be longer.
std::vector<Metric> in_pieces(const Metric& metric, std::size_t most_bytes);
std::string encode(const std::vector<Metric>& metrics);  // the list "metrics" of a status

}  // namespace trainyard::wire
