#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trainyard {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::int64_t millis) { return TimePoint{Milliseconds{millis}}; }

TEST(FormatTime, GivesBothForms) {
  EXPECT_EQ(format_seconds(at(1'509'016'611'000)), "2017-10-26T11:16:51Z");
  EXPECT_EQ(format_millis(at(1'554'304'314'204)), "2019-04-03T15:11:54.204Z");
  EXPECT_EQ(format_millis(at(0)), "1970-01-01T00:00:00.000Z");
}

TEST(FormatTime, RoundsDownBeforeTheEpochToo) {
  EXPECT_EQ(format_seconds(at(999)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_millis(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_seconds(at(-1)), "1969-12-31T23:59:59Z");
}

TEST(ParseTime, ReadsBothForms) {
  EXPECT_EQ(parse_time("2017-10-26T11:16:51Z"), at(1'509'016'611'000));
  EXPECT_EQ(parse_time("2019-04-03T15:11:54.204Z"), at(1'554'304'314'204));
  EXPECT_EQ(parse_time("2024-02-29T23:59:59Z"), at(1'709'251'199'000));
}

TEST(ParseTime, TakesAnyNumberOfFractionDigits) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.5Z"), at(500));
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.0419Z"), at(41));
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.123456789012345678901234567890Z"), at(123));
}

TEST(ParseTime, GivesBackWhatFormatMade) {
  for (std::int64_t millis : {0L, 1L, 999L, 1'509'016'611'000L, 4'102'444'799'999L}) {
    EXPECT_EQ(parse_time(format_millis(at(millis))), at(millis));
  }
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"",
                           "now",
                           "2017-10-26",
                           "2017-10-26T11:16:51",
                           "2017-10-26 11:16:51Z",
                           "2017-10-26T11:16:51z",
                           "2017-10-26T11:16:51.Z",
                           "2017-10-26T11:16:51,5Z",
                           "2017-13-26T11:16:51Z",
                           "2017-02-29T11:16:51Z",
                           "2017-00-10T11:16:51Z",
                           "2017-10-26T24:00:00Z",
                           "2017-10-26T11:60:00Z",
                           "2017-10-26T11:16:60Z",
                           "2017-10-26T11:16:51+00:00",
                           "2017-10-26T11:16:51ZZ",
                           " 2017-10-26T11:16:51Z",
                           "-017-10-26T11:16:51Z",
                           "2017-1-26T11:16:51Z",
                           "2017-10-26T+1:16:51Z"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(FormatDuration, ShowsTheTwoLargestUnits) {
  EXPECT_EQ(format_duration(-5ms), "0 ms");
  EXPECT_EQ(format_duration(850ms), "850 ms");
  EXPECT_EQ(format_duration(999ms), "999 ms");
  EXPECT_EQ(format_duration(12'400ms), "12 s");
  EXPECT_EQ(format_duration(60s), "1 min");
  EXPECT_EQ(format_duration(200s), "3 min 20 s");
  EXPECT_EQ(format_duration(2h + 5min + 59s), "2 h 5 min");
  EXPECT_EQ(format_duration(24h), "1 d");
  EXPECT_EQ(format_duration(76h + 59min), "3 d 4 h");
}

TEST(SystemClock, TellsTheTime) {
  const TimePoint before = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  const TimePoint now = SystemClock().now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(SystemClock, SleepsForTheGivenTime) {
  SystemClock clock;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(clock.sleep_for(5ms, {}));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 5ms);
  EXPECT_TRUE(clock.sleep_for(0ms, {}));
}

TEST(SystemClock, StopEndsTheSleep) {
  SystemClock clock;
  bool passed = true;
  std::jthread sleeper([&](std::stop_token stop) { passed = clock.sleep_for(10min, stop); });
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(passed);
}

TEST(SystemClock, LongestSleepIsNotOver) {
  SystemClock clock;
  bool passed = true;
  std::jthread sleeper(
      [&](std::stop_token stop) { passed = clock.sleep_for(Milliseconds::max(), stop); });
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(passed);
}

TEST(ManualClock, StandsStillUntilItIsAdvanced) {
  ManualClock clock(at(1'000));
  EXPECT_EQ(clock.now(), at(1'000));
  clock.advance(250ms);
  EXPECT_EQ(clock.now(), at(1'250));
}

TEST(ManualClock, WakesEachSleeperWhenItsTimePassed) {
  ManualClock clock;
  bool short_one = false;
  bool long_one = true;
  std::jthread first([&] { short_one = clock.sleep_for(1s, {}); });
  std::jthread second([&](std::stop_token stop) { long_one = clock.sleep_for(10s, stop); });
  clock.wait_for_sleepers(2);
  clock.advance(999ms);
  clock.advance(1ms);
  first.join();
  EXPECT_TRUE(short_one);
  second.request_stop();
  second.join();
  EXPECT_FALSE(long_one);
}

TEST(ManualClock, LongestSleepIsNotOver) {
  ManualClock clock(at(1'509'016'611'000));
  bool passed = true;
  std::jthread sleeper(
      [&](std::stop_token stop) { passed = clock.sleep_for(Milliseconds::max(), stop); });
  clock.wait_for_sleepers(1);
  clock.advance(24h);
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(passed);
}

TEST(ManualClock, NothingToSleepReturnsAtOnce) {
  ManualClock clock;
  EXPECT_TRUE(clock.sleep_for(0ms, {}));
}

}  // namespace
}  // namespace trainyard
