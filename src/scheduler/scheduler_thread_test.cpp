// The thread: woken, failing, asked by others meanwhile.
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "repository/failing_repository.hpp"
#include "scheduler/back_off.hpp"
#include "scheduler/scheduler_fixture.hpp"

namespace trainyard::scheduler {
namespace {

using namespace std::chrono_literals;
using model::Phase;

// An engine that lets a test wait for a start.
class AwaitedEngine final : public engine::ComputeEngine {
 public:
  explicit AwaitedEngine(engine::ComputeEngine& inner) : inner_(inner) {}
  const engine::Traits& traits() const override { return inner_.traits(); }
  engine::Capacity capacity() override { return inner_.capacity(); }
  std::string submit(const engine::LearnerSpec& spec) override {
    const std::string handle = inner_.submit(spec);
    const std::scoped_lock lock(mutex_);
    ++starts_;
    changed_.notify_all();
    return handle;
  }
  std::vector<engine::Observation> observe(std::span<const std::string> handles) override {
    return inner_.observe(handles);
  }
  void cancel(const std::string& handle, Milliseconds grace) override {
    inner_.cancel(handle, grace);
  }
  void forget(const model::RunId& run) override { inner_.forget(run); }

  bool await_starts(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] { return starts_ >= count; });
  }

 private:
  engine::ComputeEngine& inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int starts_ = 0;
};

class SchedulerThread : public SchedulerFixture {
 protected:
  std::unique_ptr<Scheduler> make_slow(repository::RunRepository& runs) {
    return make_scheduler(
        runs, awaited_, gate_, clock_,
        {.tick = 1h, .learner_token = [](const RunId&, unsigned) { return Secret(); }});
  }
  AwaitedEngine awaited_{engine_};
};

TEST_F(SchedulerThread, AWakeStartsARunLongBeforeTheNextTick) {
  const auto scheduler = make_slow(runs());
  scheduler->start();
  for (int i = 1; i <= 4; ++i) {
    submit(1);
    scheduler->wake();
    ASSERT_TRUE(awaited_.await_starts(i));
  }
}

TEST_F(SchedulerThread, ItEndsAtOnceWhileItRests) {
  const auto begin = std::chrono::steady_clock::now();
  {
    const auto scheduler = make_slow(runs());
    scheduler->start();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);
}

TEST_F(SchedulerThread, AFailedRoundIsTriedAgainLater) {
  repository::FailurePlan plan;
  auto failing = make_failing_repositories(records_, plan);
  plan.fail(1, repository::When::Before, Error(ErrorKind::Unavailable, "disk full"));
  submit(1);
  const auto scheduler = make_slow(*failing.runs);
  scheduler->start();
  clock_.wait_for_sleepers(1);
  EXPECT_TRUE(engine_.started().empty());
  clock_.advance(50ms);
  EXPECT_TRUE(awaited_.await_starts(1));
}

TEST_F(SchedulerThread, ItEndsAtOnceWhileItBacksOff) {
  repository::FailurePlan plan;
  auto failing = make_failing_repositories(records_, plan);
  plan.fail(1, repository::When::Before, Error(ErrorKind::Unavailable, "disk full"));
  const auto scheduler = make_slow(*failing.runs);
  scheduler->start();
  clock_.wait_for_sleepers(1);
}

TEST_F(SchedulerThread, OthersMayAskAndChangeTheRecordMeanwhile) {
  engine_.set_capacity(engine::gpus(8));
  const auto scheduler = make_slow(runs());
  scheduler->start();
  std::vector<RunId> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(submit(1 + i % 3));
  scheduler->wake();
  std::jthread asker([&](const std::stop_token& stop) {
    for (std::size_t i = 0; !stop.stop_requested(); ++i) {
      scheduler->why(ids[i % ids.size()]);
      scheduler->slots();
      scheduler->capacity();
    }
  });
  // Each run that was started trains and ends, which makes room for the next.
  int started = 0;
  while (started < 40) {
    ASSERT_TRUE(awaited_.await_starts(started + 1));
    const auto specs = engine_.started();
    for (; started < static_cast<int>(specs.size()); ++started) {
      const RunId id = specs[static_cast<std::size_t>(started)].run;
      train(id);
      finish(id);
      scheduler->wake();
    }
  }
  for (const auto& id : ids) EXPECT_EQ(phase(id), Phase::Ended);
}

TEST(BackOff, DoublesUpToItsLimit) {
  EXPECT_EQ(back_off(0, 50ms, 30s), 50ms);
  EXPECT_EQ(back_off(1, 50ms, 30s), 100ms);
  EXPECT_EQ(back_off(9, 50ms, 30s), 25600ms);
  EXPECT_EQ(back_off(10, 50ms, 30s), 30s);
  EXPECT_EQ(back_off(4'000'000'000U, 50ms, 30s), 30s);
}

}  // namespace
}  // namespace trainyard::scheduler
