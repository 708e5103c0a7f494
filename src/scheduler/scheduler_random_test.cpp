// A thousand runs, in three random schedules of everything that can happen; what must hold, holds
// after every round.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/log.hpp"
#include "scheduler/restart_pause.hpp"
#include "scheduler/scheduler_fixture.hpp"

namespace trainyard::scheduler {
namespace {

using model::Phase;

class SchedulerRandom : public SchedulerFixture, public testing::WithParamInterface<unsigned> {
 protected:
  static constexpr int kRuns = 350;
  static constexpr unsigned kSlots = 6;

  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  unsigned size() const { return static_cast<unsigned>(live_.size()); }
  bool one_in(unsigned count) { return pick(count) == 0; }

  void something_happens() {
    clock_.advance(Milliseconds(pick(1500)));
    if (submitted_ < kRuns && live_.size() < 16 && !one_in(3)) live_.push_back(submit(pick(4) + 1));
    if (one_in(20)) restart();
    if (one_in(15)) engine_.lose_next_answer();
    if (one_in(15)) change_capacity();
    for (int i = 0; i < 4 && !live_.empty(); ++i) move_on(live_[pick(std::min(12U, size()))]);
    std::erase_if(live_, [&](const RunId& id) { return phase(id) == Phase::Ended && remove(id); });
  }

  bool remove(const RunId& id) {
    EXPECT_LE(attempt(id), model::max_attempts(status(id)));
    runs().remove({id});
    engine_.forget(id);
    return true;
  }

  void change_capacity() {
    auto capacity = engine::gpus(kSlots);
    for (auto& slot : capacity.slots)
      if (one_in(4)) slot.unavailable = "busy";
    engine_.set_capacity(capacity);
  }

  void move_on(const RunId id) {
    const auto now = status(id);
    if (one_in(25)) cancel(id);
    if (now.phase == Phase::Queued)
      return gate_.set(id, one_in(3) ? Readiness::State::Building : Readiness::State::Ready);
    if (now.handle.empty()) return;
    if (one_in(12)) return engine_.end(id, now.attempt, "killed by signal 9");
    if (now.phase == Phase::Starting) return stage(id);
    if (now.phase == Phase::Staging) return happen(id, model::TrainingStarted{now.attempt});
    if (now.phase == Phase::Training) return store(id);
    if (now.phase == Phase::Storing) return finish(id);
  }

  using Runs = std::vector<model::TrainingRun>;  // that live, in the order of submission
  Runs snapshot() { return runs().list({}).runs; }

  static void check_slots(const Runs& now) {
    std::set<std::string> held;
    for (const auto& run : now)
      for (const auto& slot : run.status.slots)
        ASSERT_TRUE(held.insert(slot).second)
            << slot << " was given twice, last to " << run.id.str();
  }

  // Every run that got slots in this round, got all it asked for, none of them busy; and no run
  // ahead of it that waits could have had them.
  void check_order(const Runs& before, const Runs& now) {
    const auto capacity = engine_.capacity();
    const model::TrainingRun* waiting = nullptr;
    for (std::size_t i = 0; i < now.size(); ++i) {
      ASSERT_EQ(before[i].id, now[i].id);
      const bool queued = now[i].status.phase == Phase::Queued;
      const bool paused = restart_pause(now[i], clock_.now()) > Milliseconds(0);
      if (queued && !paused && gate_.readiness(now[i]).state == Readiness::State::Ready)
        waiting = &now[i];
      if (before[i].status.phase != Phase::Queued || now[i].status.slots.empty()) continue;
      ASSERT_EQ(waiting, nullptr) << now[i].id.str() << " overtook " << waiting->id.str();
      check_given(now[i], capacity);
    }
  }

  static void check_given(const model::TrainingRun& run, const engine::Capacity& capacity) {
    ASSERT_EQ(run.status.slots.size(), run.manifest.compute.slots());
    for (const auto& slot : capacity.slots)
      ASSERT_TRUE(slot.unavailable.empty() || !std::ranges::count(run.status.slots, slot.id));
  }

  std::mt19937 random_{GetParam()};
  std::vector<RunId> live_;  // in the order of submission
};

TEST_P(SchedulerRandom, NeverGivesASlotTwiceAndNeverOvertakes) {
  log::set_level(log::Level::Error);
  engine_.set_capacity(engine::gpus(kSlots));
  int rounds = 0;
  for (; (submitted_ < kRuns || !live_.empty()) && rounds < 100'000; ++rounds) {
    something_happens();
    const Runs before = snapshot();
    tick();
    const Runs now = snapshot();
    ASSERT_NO_FATAL_FAILURE(check_slots(now));
    ASSERT_NO_FATAL_FAILURE(check_order(before, now));
    ASSERT_TRUE(live_.empty() || !why(live_[pick(size())]).empty());
  }
  EXPECT_TRUE(live_.empty()) << live_.size() << " runs never ended";
  EXPECT_TRUE(engine_.started().empty());
  RecordProperty("rounds", rounds);
}
INSTANTIATE_TEST_SUITE_P(Seeds, SchedulerRandom, testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace trainyard::scheduler
