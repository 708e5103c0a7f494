#include "scheduler/queue_plan.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/strings.hpp"
#include "engine/fake_engine.hpp"

namespace trainyard::scheduler {
namespace {

// A view in a line. Slots: '.' free, 'x' held, '!' unavailable, '#' both. Queue: the number of
// slots that each run needs, with 'b' while its runtime is being built, 'f' when that failed.
QueueView view_of(const std::string& slots, const std::string& queue) {
  QueueView view;
  view.capacity = engine::gpus(static_cast<unsigned>(slots.size()));
  ActiveRun active;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    auto& slot = view.capacity.slots[i];
    if (slots[i] == 'x' || slots[i] == '#') active.held.push_back(slot.id);
    if (slots[i] == '!' || slots[i] == '#') slot.unavailable = "busy";
  }
  view.active.push_back(active);
  for (const auto& word : split(queue, ' ')) {
    QueuedRun queued;
    queued.run.slots = static_cast<unsigned>(std::stoul(word));
    if (word.back() == 'b') queued.readiness.state = Readiness::State::Building;
    if (word.back() == 'f') queued.readiness.state = Readiness::State::Failed;
    view.queue.push_back(queued);
  }
  return view;
}

// "start:0,1" with the numbers of the slots, "fail", "building", …
std::string outcome_of(const Placement& placement) {
  switch (placement.outlook) {
    case Outlook::Start: {
      std::vector<std::string> numbers;
      for (const auto& slot : placement.slots) numbers.push_back(slot.substr(4));
      return "start:" + join(numbers, ",");
    }
    case Outlook::Fail:
      return "fail";
    case Outlook::Building:
      return "building";
    case Outlook::Short:
      return "short";
    case Outlook::Behind:
      return "behind";
    case Outlook::Never:
      return "never";
  }
  return "";
}

struct Case {
  const char* title;
  const char* slots;
  const char* queue;
  const char* outcome;
};

const Case kCases[] = {
    {"all fit", "....", "1 2 1", "start:0 start:1,2 start:3"},
    {"held slots are not given again", "x.x.", "1 1", "start:1 start:3"},
    {"busy ones are skipped", "!..!", "2", "start:1,2"},
    {"held and busy is held", "#...", "3", "start:1,2,3"},
    {"a big run at the head blocks small ones", "xx..", "4 1 1", "short behind behind"},
    {"a small one ahead of it starts", "x...", "1 4 1", "start:1 short behind"},
    {"all or nothing", "xxx.", "2", "short"},
    {"nothing is free", "xxxx", "1 1", "short behind"},
    {"no slots for a run that waits for its build", "....", "2b 1 1", "building start:2 start:3"},
    {"what is kept for it is not given", "....", "2b 2 1", "building start:2,3 short"},
    {"a build that is short blocks", "xx..", "4b 1", "building behind"},
    {"builds behind a block wait behind", "xxx.", "2 1b", "short behind"},
    {"two builds keep their slots", "....", "2b 2b 1", "building building short"},
    {"a failed build takes no slot", "....", "4f 4", "fail start:0,1,2,3"},
    {"a failed build waits for none", "xxxx", "1 1f", "short fail"},
    {"a failed build that never fits fails", "..", "4f 2", "fail start:0,1"},
    {"what never fits stands in nobody's way", "..", "4 1", "never start:0"},
    {"busy ones may fit later", "!!..", "4 1", "short behind"},
};

class QueuePlan : public testing::TestWithParam<Case> {};

TEST_P(QueuePlan, GivesSlotsInOrder) {
  const auto decided = plan(view_of(GetParam().slots, GetParam().queue));
  std::vector<std::string> outcomes;
  for (const auto& placement : decided.placements) outcomes.push_back(outcome_of(placement));
  EXPECT_EQ(join(outcomes, " "), GetParam().outcome) << GetParam().title;
}
INSTANTIATE_TEST_SUITE_P(Table, QueuePlan, testing::ValuesIn(kCases));

TEST(QueuePlan, IsOpenWhileARunBehindCouldStart) {
  EXPECT_TRUE(plan(view_of("..", "1")).open);
  EXPECT_FALSE(plan(view_of("..", "1 1")).open);
  EXPECT_FALSE(plan(view_of("x.", "2")).open);
  EXPECT_TRUE(plan(view_of("..", "4 4 4")).open);
  EXPECT_TRUE(plan(view_of("..", "1f")).open);
}

TEST(QueuePlan, TellsHowManyWereFree) {
  const auto placements = plan(view_of("x...", "1 1b 2 1")).placements;
  EXPECT_EQ(placements[0].free, 3u);
  EXPECT_EQ(placements[1].free, 2u);
  EXPECT_EQ(placements[2].free, 1u);
  EXPECT_EQ(placements[3].free, 1u);
}

}  // namespace
}  // namespace trainyard::scheduler
