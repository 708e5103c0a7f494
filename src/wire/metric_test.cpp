#include "wire/metric.hpp"

#include <gtest/gtest.h>

namespace trainyard::wire {
namespace {

TEST(Metric, IsWhatALineOfTheMetricsFileSays) {
  const auto metric = parse_metric_line(
      R"({"meta":{"training_id":"t","time":1500000000000,"rindex":1},"grouplabel":"test",)"
      R"("etimes":{"iteration":{"type":2,"value":"7"},"time_stamp":{"value":"2018-01-01T00:00:00Z"}},)"
      R"("values":{"accuracy":{"type":3,"value":"0.6"},"note":{"value":"good"},"loss":1.5}})");
  ASSERT_TRUE(metric);
  EXPECT_EQ(encode(*metric),
            R"({"timestamp":"2018-01-01T00:00:00Z","iteration":7,"phase":"test",)"
            R"("values":[{"name":"accuracy","value":0.6},{"name":"loss","value":1.5}]})");
}

TEST(Metric, HasTheTimeOfItsLineWhenItSaysNoOther) {
  const auto metric = parse_metric_line(R"({"meta":{"time":0},"values":{"a":1}})");
  ASSERT_TRUE(metric);
  EXPECT_EQ(metric->timestamp, "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(metric->iteration, 0);
}

TEST(Metric, IsCutIntoPiecesThatFit) {
  Metric metric{.timestamp = "now", .iteration = 7, .phase = "train", .values = {}};
  for (int i = 0; i < 1500; ++i) metric.values.emplace_back(std::to_string(i), i / 7.0);
  const auto pieces = in_pieces(metric, 10'000);
  EXPECT_GT(pieces.size(), 4u);
  Metric joined{.timestamp = "now", .iteration = 7, .phase = "train", .values = {}};
  for (const Metric& piece : pieces) {
    EXPECT_LE(encode(piece).size(), 10'000u);
    EXPECT_EQ(piece.timestamp, "now");
    EXPECT_EQ(piece.iteration, 7);
    EXPECT_EQ(piece.phase, "train");
    joined.values.insert(joined.values.end(), piece.values.begin(), piece.values.end());
  }
  EXPECT_EQ(joined, metric);
  EXPECT_EQ(in_pieces(metric, 1 << 20), std::vector{metric});
  EXPECT_EQ(in_pieces(metric, 1).size(), 1500u);
}

TEST(Metric, KeepsTheBeginningOfALongText) {
  const std::string text(5000, 'x');
  const auto metric =
      parse_metric_line(R"({"grouplabel":")" + text + R"(","etimes":{"time_stamp":{"value":")" +
                        text + R"("}},"values":{")" + text + R"(":1}})");
  ASSERT_TRUE(metric);
  const std::string cut = std::string(kMostMetricText - 3, 'x') + "\xe2\x80\xa6";
  EXPECT_EQ(metric->phase, cut);
  EXPECT_EQ(metric->timestamp, cut);
  ASSERT_EQ(metric->values.size(), 1u);
  EXPECT_EQ(metric->values[0].first, cut);
}

TEST(Metric, IsNotInALineThatHoldsNone) {
  for (const char* line :
       {"", "epoch 1", "{}", "[]", R"({"values":{}})", R"({"values":{"a":{"value":"high"}}})",
        R"({"values":{"a":"nan"}})", R"({"values":[1]})", R"({"etimes":1,"values":{"a":1}})"}) {
    EXPECT_FALSE(parse_metric_line(line)) << line;
  }
  EXPECT_FALSE(
      parse_metric_line(R"({"values":{"a":1},"x":")" + std::string(kMaxMetricLine, 'x') + "\"}"));
}

}  // namespace
}  // namespace trainyard::wire
