#include "wire/best_results.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "wire/json_reader.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kLimit = 1 << 20;

struct Aim {
  std::string name;  // empty: whatever is measured
  bool maximize = true;
};

Aim read_aim(std::string_view evaluation_definition) {
  const auto in = JsonObject::parse(evaluation_definition, "evaluation definition", kLimit);
  const auto metrics = in.objects("metrics");
  if (metrics.empty()) return {};
  const bool minimize = metrics[0].has("maximize") && !metrics[0].flag("maximize");
  return {metrics[0].text_or_empty("name"), !minimize};
}

std::optional<double> value_of(const Metric& metric, const std::string& name) {
  for (const auto& [measured, value] : metric.values) {
    if (name.empty() || measured == name) return value;
  }
  return std::nullopt;
}

std::optional<double> value_of(const std::vector<Metric>& metrics, const std::string& name) {
  std::optional<double> of_training;
  for (const Metric& metric : metrics) {
    const auto value = value_of(metric, name);
    if (value && metric.phase != "train") return value;
    if (!of_training) of_training = value;
  }
  return of_training;
}

using Score = std::pair<double, std::size_t>;  // and the index of the training

std::vector<Score> scores(std::span<const std::vector<Metric>> metrics, const std::string& name) {
  std::vector<Score> result;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (const auto value = value_of(metrics[i], name)) result.emplace_back(*value, i);
  }
  return result;
}

}  // namespace

std::vector<std::size_t> ranking(std::span<const std::vector<Metric>> metrics,
                                 std::string_view evaluation_definition) {
  const Aim aim = read_aim(evaluation_definition);
  auto ranked = scores(metrics, aim.name);
  if (ranked.empty()) ranked = scores(metrics, "");
  std::ranges::stable_sort(ranked, [&](const Score& a, const Score& b) {
    return aim.maximize ? a.first > b.first : a.first < b.first;
  });
  std::vector<std::size_t> result;
  for (const Score& score : ranked) result.push_back(score.second);
  return result;
}

}  // namespace trainyard::wire
