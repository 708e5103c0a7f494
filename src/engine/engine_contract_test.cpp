// What every engine owes, over the local one (with stub learners) and the fake.
#include <gtest/gtest.h>

#include <memory>

#include "engine/failing_engine.hpp"
#include "engine/fake_engine.hpp"
#include "engine/local_engine.hpp"
#include "engine/testing/stub_runs.hpp"

namespace trainyard::engine {
namespace {

// One kind of engine, and a hand on its learners.
class Bench {
 public:
  virtual ~Bench() = default;
  virtual ComputeEngine& engine() = 0;
  virtual void restart_service() = 0;
  virtual void prepare(const model::RunId& run) = 0;
  virtual void end_with_code_3(const LearnerSpec& spec, const std::string& handle) = 0;
  virtual void await_cancel(const std::string& handle) = 0;
  virtual std::size_t learners_started(const model::RunId& run) = 0;
};

class LocalBench final : public Bench {
 public:
  ComputeEngine& engine() override { return *engine_; }
  void restart_service() override {
    engine_.reset();
    engine_ = make_local_engine(runs_.options(), clock_);
  }
  void prepare(const model::RunId& run) override { runs_.prepare(run); }
  void end_with_code_3(const LearnerSpec& spec, const std::string& handle) override {
    runs_.order(spec.run, "exit 3");
    StubRuns::await_end(handle);
  }
  void await_cancel(const std::string& handle) override { StubRuns::await_end(handle); }
  std::size_t learners_started(const model::RunId& run) override {
    runs_.await_lock(run);
    const std::string seen = read_file(runs_.of(run) / "seen");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = seen.find("start\n", at)) != std::string::npos; ++at) ++count;
    return count;
  }

 private:
  ManualClock clock_;
  StubRuns runs_;
  std::unique_ptr<ComputeEngine> engine_ = make_local_engine(runs_.options(), clock_);
};

class FakeBench final : public Bench {
 public:
  ComputeEngine& engine() override { return engine_; }
  void restart_service() override {}
  void prepare(const model::RunId&) override {}
  void end_with_code_3(const LearnerSpec& spec, const std::string&) override {
    engine_.end(spec.run, spec.attempt, "exit code 3");
  }
  void await_cancel(const std::string& handle) override {
    ASSERT_EQ(engine_.cancels().back(), handle);
    engine_.end_all("exit code 0");
  }
  std::size_t learners_started(const model::RunId&) override { return engine_.started().size(); }

 private:
  FakeEngine engine_;
};

using MakeBench = std::unique_ptr<Bench> (*)();

class EngineContract : public testing::TestWithParam<MakeBench> {
 protected:
  LearnerSpec new_spec() {
    LearnerSpec spec{.run = model::RunId::generate(),
                     .slots = {engine().capacity().slots.at(0).id},
                     .token = Secret("token"),
                     .server_url = "http://127.0.0.1:1"};
    bench_->prepare(spec.run);
    return spec;
  }
  ComputeEngine& engine() { return bench_->engine(); }
  Observation observe(const std::string& handle) {
    const auto all = engine().observe(std::vector{handle});
    EXPECT_EQ(all.size(), 1u);
    EXPECT_EQ(all.at(0).handle, handle);
    return all.at(0);
  }

  std::unique_ptr<Bench> bench_ = GetParam()();
};

TEST_P(EngineContract, AStartedLearnerRunsUntilItEnds) {
  const auto spec = new_spec();
  const std::string handle = engine().submit(spec);
  EXPECT_EQ(observe(handle).state, LearnerState::Running);
  bench_->end_with_code_3(spec, handle);
  const auto end = observe(handle);
  EXPECT_EQ(end.state, LearnerState::Exited);
  EXPECT_TRUE(end.detail.starts_with("exit code 3")) << end.detail;
  EXPECT_EQ(observe(handle).detail, end.detail);
}

TEST_P(EngineContract, TheSameAttemptIsStartedOnceAlsoAfterARestart) {
  const auto spec = new_spec();
  const std::string handle = engine().submit(spec);
  EXPECT_EQ(engine().submit(spec), handle);
  bench_->restart_service();
  EXPECT_EQ(engine().submit(spec), handle);
  EXPECT_EQ(bench_->learners_started(spec.run), 1u);
  EXPECT_EQ(observe(handle).state, LearnerState::Running);
  bench_->end_with_code_3(spec, handle);
  EXPECT_EQ(engine().submit(spec), handle);
  EXPECT_EQ(observe(handle).state, LearnerState::Exited);
}

TEST_P(EngineContract, AnotherAttemptIsAnotherLearner) {
  auto spec = new_spec();
  const std::string first = engine().submit(spec);
  bench_->end_with_code_3(spec, first);
  spec.attempt = 2;
  const std::string second = engine().submit(spec);
  EXPECT_NE(first, second);
  EXPECT_EQ(observe(first).state, LearnerState::Exited);
  EXPECT_EQ(observe(second).state, LearnerState::Running);
  engine().cancel(second, Milliseconds(1000));
  bench_->end_with_code_3(spec, second);
}

TEST_P(EngineContract, ManyAreObservedInTheOrderAskedForAndStrangersHaveEnded) {
  const auto a = new_spec(), b = new_spec();
  const std::string first = engine().submit(a), second = engine().submit(b);
  bench_->end_with_code_3(a, first);
  const auto seen = engine().observe(std::vector<std::string>{second, "nobody knows this", first});
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].handle, second);
  EXPECT_EQ(seen[0].state, LearnerState::Running);
  EXPECT_EQ(seen[1].state, LearnerState::Exited);
  EXPECT_EQ(seen[1].detail, "not a handle of this engine");
  EXPECT_EQ(seen[2].state, LearnerState::Exited);
  EXPECT_TRUE(engine().observe({}).empty());
  bench_->end_with_code_3(b, second);
}

TEST_P(EngineContract, CancelEndsTheLearnerAndMayComeTooLate) {
  const auto spec = new_spec();
  const std::string handle = engine().submit(spec);
  EXPECT_EQ(bench_->learners_started(spec.run), 1u);
  engine().cancel(handle, Milliseconds(1000));
  bench_->await_cancel(handle);
  EXPECT_EQ(observe(handle).state, LearnerState::Exited);
  engine().cancel(handle, Milliseconds(1000));
  engine().cancel("nobody knows this", Milliseconds(1000));
}

TEST_P(EngineContract, ForgettingIsRepeatable) {
  const auto spec = new_spec();
  engine().forget(spec.run);
  bench_->prepare(spec.run);
  const std::string handle = engine().submit(spec);
  bench_->end_with_code_3(spec, handle);
  engine().forget(spec.run);
  engine().forget(spec.run);
  EXPECT_EQ(observe(handle).state, LearnerState::Exited);
}

TEST_P(EngineContract, CapacityNamesEachSlotOnce) {
  const auto capacity = engine().capacity();
  ASSERT_EQ(capacity.slots.size(), 4u);
  for (std::size_t i = 0; i < capacity.slots.size(); ++i)
    EXPECT_TRUE(capacity.slots[i].id.ends_with("-" + std::to_string(i)));
  EXPECT_GE(capacity.cores, 1u);
  EXPECT_GT(capacity.memory_bytes, 0u);
  EXPECT_FALSE(engine().traits().name.empty());
}

std::unique_ptr<Bench> local() { return std::make_unique<LocalBench>(); }
std::unique_ptr<Bench> fake() { return std::make_unique<FakeBench>(); }
INSTANTIATE_TEST_SUITE_P(Local, EngineContract, testing::Values(&local));
INSTANTIATE_TEST_SUITE_P(Fake, EngineContract, testing::Values(&fake));

TEST(FailingEngine, EveryCallFailsWithItsError) {
  const auto engine = make_failing_engine(Error(ErrorKind::Unavailable, "no contact"));
  const auto fails = [](auto&& call) {
    try {
      call();
    } catch (const Error& e) {
      return e.kind() == ErrorKind::Unavailable && std::string_view(e.what()) == "no contact";
    }
    return false;
  };
  EXPECT_TRUE(fails([&] { engine->capacity(); }));
  EXPECT_TRUE(fails([&] { engine->submit({}); }));
  EXPECT_TRUE(fails([&] { engine->observe({}); }));
  EXPECT_TRUE(fails([&] { engine->cancel("x", Milliseconds(1)); }));
  EXPECT_TRUE(fails([&] { engine->forget({}); }));
}

}  // namespace
}  // namespace trainyard::engine
