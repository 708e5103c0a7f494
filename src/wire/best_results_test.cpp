#include "wire/best_results.hpp"

#include <gtest/gtest.h>

namespace trainyard::wire {
namespace {

using Indices = std::vector<std::size_t>;

Metric metric(std::string phase, std::vector<std::pair<std::string, double>> values) {
  return {.timestamp = "", .iteration = 1, .phase = std::move(phase), .values = std::move(values)};
}

const std::vector<std::vector<Metric>> kTrainings{
    {metric("test", {{"loss", 0.5}, {"accuracy", 0.9}}), metric("train", {{"accuracy", 0.99}})},
    {},
    {metric("train", {{"accuracy", 0.2}}), metric("test", {{"loss", 0.1}, {"accuracy", 0.95}})},
    {metric("train", {{"accuracy", 0.97}})}};

TEST(BestResults, TheNamedMetricDecidesAndMoreIsBetter) {
  EXPECT_EQ(ranking(kTrainings, R"({"metrics":[{"name":"accuracy"}]})"), (Indices{3, 2, 0}));
}

TEST(BestResults, LessIsBetterWhenTheDefinitionSaysSo) {
  const auto* least = R"({"method":"regression","metrics":[{"name":"loss","maximize":false}]})";
  EXPECT_EQ(ranking(kTrainings, least), (Indices{2, 0}));
}

TEST(BestResults, AMetricThatNobodyMeasuredLeavesTheFirstValue) {
  EXPECT_EQ(ranking(kTrainings, R"({"metrics":[{"name":"f1"}]})"), (Indices{3, 0, 2}));
  EXPECT_EQ(ranking(kTrainings, "{}"), (Indices{3, 0, 2}));
}

TEST(BestResults, NothingMeasuredIsNoResult) {
  EXPECT_TRUE(ranking(std::vector<std::vector<Metric>>(3), "{}").empty());
}

}  // namespace
}  // namespace trainyard::wire
