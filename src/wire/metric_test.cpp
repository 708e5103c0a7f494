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
