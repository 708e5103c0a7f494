#include "wire/best_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace trainyard::wire {
namespace {

using Json = nlohmann::json;

struct Aim {
  std::string name;  // empty: whatever is measured
  bool maximize = true;
};

// nullopt: it is no metric. What is null counts as missing.
std::optional<Aim> read_metric(const Json& metric) {
  if (metric.is_string()) return Aim{.name = metric.get<std::string>()};
  if (!metric.is_object()) return std::nullopt;
  const Json name = metric.value("name", Json()), maximize = metric.value("maximize", Json());
  if (!name.is_null() && !name.is_string()) return std::nullopt;
  if (!maximize.is_null() && !maximize.is_boolean()) return std::nullopt;
  return Aim{.name = name.is_null() ? "" : name.get<std::string>(), .maximize = maximize != false};
}

// Whatever it holds: it may be older than check_evaluation.
Aim read_aim(std::string_view evaluation_definition) {
  const Json tree = Json::parse(evaluation_definition, nullptr, false);
  const Json metrics = tree.is_object() ? tree.value("metrics", Json()) : Json();
  if (!metrics.is_array() || metrics.empty()) return {};
  return read_metric(metrics[0]).value_or(Aim{});
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

void check_evaluation(const JsonObject& settings) {
  const auto evaluation = settings.optional_object("evaluation_definition");
  if (!evaluation || !evaluation->has("metrics")) return;
  const Json& metrics = evaluation->tree().at("metrics");
  if (!metrics.is_array()) {
    evaluation->fail("metrics", R"(must be a list, like [{"name": "accuracy", "maximize": true}])");
  }
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (read_metric(metrics[i])) continue;
    evaluation->fail(fmt::format("metrics[{}]", i),
                     R"(must be a name, or an object like {"name": "accuracy", "maximize": true})");
  }
}

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
