#include "wire/best_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

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
  EXPECT_EQ(ranking(kTrainings, R"({"metrics":["accuracy","loss"]})"), (Indices{3, 2, 0}));
}

TEST(BestResults, LessIsBetterWhenTheDefinitionSaysSo) {
  const auto* least = R"({"method":"regression","metrics":[{"name":"loss","maximize":false}]})";
  EXPECT_EQ(ranking(kTrainings, least), (Indices{2, 0}));
}

TEST(BestResults, AMetricThatNobodyMeasuredLeavesTheFirstValue) {
  EXPECT_EQ(ranking(kTrainings, R"({"metrics":[{"name":"f1"}]})"), (Indices{3, 0, 2}));
  EXPECT_EQ(ranking(kTrainings, "{}"), (Indices{3, 0, 2}));
}

TEST(BestResults, ADefinitionThatIsNoneNamesNoMetric) {
  for (const char* metrics : {R"("loss")", "5", "{}", "[]", "[5]", R"([{"name":5}])", "null",
                              R"([{"name":"loss","maximize":"false"}])"}) {
    EXPECT_EQ(ranking(kTrainings, std::string(R"({"metrics":)") + metrics + "}"),
              (Indices{3, 0, 2}))
        << metrics;
  }
  for (const char* evaluation : {"", "[]", "5", "null", R"("text")"}) {
    EXPECT_EQ(ranking(kTrainings, evaluation), (Indices{3, 0, 2})) << evaluation;
  }
}

// Empty: it is taken.
std::string refusal_of(const std::string& evaluation) {
  try {
    check_evaluation(
        JsonObject::parse(R"({"evaluation_definition":)" + evaluation + "}", "settings", 1000));
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::InvalidInput);
    return error.what();
  }
}

TEST(BestResults, OnlyWhatCanBeComparedIsTaken) {
  for (const char* taken :
       {"null", "{}", R"({"method":"binary","metrics":[]})", R"({"metrics":null})",
        R"({"metrics":["accuracy"]})", R"({"metrics":[{"name":"a"},{"maximize":null}]})",
        R"({"metrics":[{"name":"loss","maximize":false,"more":[1]}],"more":1})"}) {
    EXPECT_EQ(refusal_of(taken), "") << taken;
  }
  for (const char* refused : {R"("text")", R"(["x"])", "5", "true"}) {
    EXPECT_EQ(refusal_of(refused), R"(settings: field "evaluation_definition" must be an object)");
  }
  for (const char* refused : {R"({"metrics":"x"})", R"({"metrics":{"name":"x"}})"}) {
    EXPECT_THAT(refusal_of(refused),
                ::testing::HasSubstr(R"(field "evaluation_definition.metrics" must be a list)"));
  }
  for (const char* refused : {R"({"metrics":["x",5]})", R"({"metrics":["x",{"name":5}]})",
                              R"({"metrics":["x",{"maximize":"true"}]})"}) {
    EXPECT_THAT(refusal_of(refused),
                ::testing::HasSubstr(R"(field "evaluation_definition.metrics[1]" must be a name)"));
  }
}

TEST(BestResults, NothingMeasuredIsNoResult) {
  EXPECT_TRUE(ranking(std::vector<std::vector<Metric>>(3), "{}").empty());
}

}  // namespace
}  // namespace trainyard::wire
