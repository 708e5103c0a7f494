#include "scheduler/queue_forecast.hpp"

#include "scheduler/scheduler_fixture.hpp"

namespace trainyard::scheduler {
namespace {

class QueueForecastTest : public SchedulerFixture {
 protected:
  QueueForecast make_forecast(QueueForecast::Revision revision) {
    return {runs(), engine_, clock_, std::move(revision), [this](const model::TrainingRun& run) {
              ++asked_[run.id];
              return gate_.readiness(run);
            }};
  }
  std::string message(QueueForecast& forecast, const RunId& id) {
    const auto reason = forecast.why(run(id));
    return reason ? reason->message : "(does not wait)";
  }

  std::map<RunId, int> asked_;
  std::uint64_t revision_ = 1;
  QueueForecast kept_ = make_forecast([this] { return revision_; });
  QueueForecast fresh_ = make_forecast({});
};

TEST_F(QueueForecastTest, TheQueueIsReadOnceForEachRevisionOfTheRecord) {
  const auto a = submit(4);
  const auto b = submit(4);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(kept_.why(run(a))->place, 1u);
    EXPECT_EQ(kept_.why(run(b))->place, 2u);
  }
  EXPECT_EQ(asked_[a], 1);
  const auto c = submit(1);
  ++revision_;
  EXPECT_EQ(kept_.why(run(c))->place, 3u);
  EXPECT_EQ(kept_.why(run(c))->blocked_by, std::vector{b});
  EXPECT_EQ(asked_[a], 2);
  cancel(a);
  ++revision_;
  EXPECT_FALSE(kept_.why(run(a)));
  EXPECT_EQ(kept_.why(run(b))->place, 1u);
}

TEST_F(QueueForecastTest, WhatChangesWithoutTheRecordIsSeenAfterASecond) {
  const auto a = submit(1);
  EXPECT_EQ(message(kept_, a), "starts now on GPU-0");
  gate_.set(a, Readiness::State::Building, "building for 3 s");
  clock_.advance(Milliseconds(999));
  EXPECT_EQ(message(kept_, a), "starts now on GPU-0");
  clock_.advance(Milliseconds(1));
  EXPECT_EQ(message(kept_, a), message(fresh_, a));
  EXPECT_NE(message(kept_, a), "starts now on GPU-0");
}

TEST_F(QueueForecastTest, EveryRunIsToldTheSameAsByAFreshReading) {
  const auto before = submit(2);
  tick();
  train(before);
  clock_.advance(Milliseconds(600'000));
  finish(before);
  const auto holder = submit(2);
  tick();
  train(holder);
  std::vector<RunId> queue;
  for (const unsigned gpus : {3u, 2u, 9u, 1u, 2u, 4u, 2u}) queue.push_back(submit(gpus));
  gate_.set(queue[4], Readiness::State::Failed, "no such version");
  ++revision_;
  for (const auto& id : queue) {
    const auto kept = kept_.why(run(id)).value();
    const auto fresh = fresh_.why(run(id)).value();
    EXPECT_EQ(kept.place, fresh.place);
    EXPECT_EQ(kept.message, fresh.message);
    EXPECT_EQ(kept.blocked_by, fresh.blocked_by);
    EXPECT_EQ(kept.estimate, fresh.estimate);
  }
  EXPECT_EQ(kept_.why(run(queue[5]))->place, 4u) << "two before it stand in nobody's way";
}

TEST_F(QueueForecastTest, FarBehindARunStillTellsOfItsOwnEnvironment) {
  std::vector<RunId> queue;
  for (int i = 0; i < 300; ++i) queue.push_back(submit(4));
  gate_.set(queue[299], Readiness::State::Building, "building for 3 s");
  EXPECT_EQ(kept_.why(run(queue[298]))->place, 299u);
  EXPECT_EQ(asked_[queue[260]], 0) << "of the others only the first are asked for";
  EXPECT_NE(message(kept_, queue[299]).find("building for 3 s"), std::string::npos);
  EXPECT_EQ(kept_.why(run(queue[299]))->place, 300u);
  EXPECT_FALSE(kept_.why(run(queue[299]))->estimate);
}

}  // namespace
}  // namespace trainyard::scheduler
