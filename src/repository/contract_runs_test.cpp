// The contract of the record of runs: one run, its events, its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "repository/contract.hpp"

namespace trainyard::repository {
namespace {

using model::Phase;
using testing::ElementsAre;
using testing::IsEmpty;

using RunContract = RepositoryContract;

TEST_P(RunContract, ACreatedRunIsQueuedAndFoundWhole) {
  const NewRun created = new_run(1);
  const model::TrainingRun run = runs_.create(created, at(10));
  EXPECT_EQ(run.id, created.id);
  EXPECT_EQ(run.owner, "anna");
  EXPECT_EQ(run.manifest, created.manifest);
  EXPECT_EQ(run.definition_id, created.definition_id);
  EXPECT_EQ(run.definition_sha256, created.definition_sha256);
  EXPECT_EQ(run.created_at, at(10));
  EXPECT_EQ(run.modified_at, at(10));
  EXPECT_EQ(run.version, 1u);
  EXPECT_GT(run.queue_order, 0u);
  EXPECT_EQ(run.status, model::RunStatus{});
  EXPECT_EQ(runs_.find(run.id), run);
}

TEST_P(RunContract, WhatIsNotThereIsNotFound) {
  const model::RunId id = run_id(1);
  EXPECT_FALSE(runs_.find(id));
  EXPECT_EQ(kind_of([&] { runs_.append(id, model::CancelRequested{}, 1, at(1)); }),
            ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { append_retrying(runs_, id, model::CancelRequested{}, at(1)); }),
            ErrorKind::NotFound);
  runs_.remove({id});
  EXPECT_THAT(runs_.list({}).runs, IsEmpty());
  EXPECT_THAT(runs_.events_after(0, 10, id), IsEmpty());
}

TEST_P(RunContract, TheQueueOrderRisesWithSubmission) {
  const auto first = create(5);
  const auto second = create(1);
  EXPECT_LT(first.queue_order, second.queue_order);
}

TEST_P(RunContract, CreatingTheSameAgainReturnsTheRunThatExists) {
  const auto first = runs_.create(new_run(1), at(10));
  append(first.id, model::Dispatched{.attempt = 1, .slots = {"gpu-a"}}, 11);
  const auto again = runs_.create(new_run(1), at(20));
  EXPECT_EQ(again, runs_.find(first.id));
  EXPECT_EQ(again.created_at, at(10));
  EXPECT_EQ(again.version, 2u);
}

TEST_P(RunContract, CreatingAnotherUnderTheSameIdIsAConflict) {
  const auto first = runs_.create(new_run(1), at(10));
  const std::vector<std::function<void(NewRun&)>> changes{
      [](NewRun& run) { run.owner = "ben"; }, [](NewRun& run) { run.manifest.command = "rm"; },
      [](NewRun& run) { run.definition_id = "other"; },
      [](NewRun& run) { run.definition_sha256 = "other"; }};
  for (const auto& change : changes) {
    NewRun other = new_run(1);
    change(other);
    EXPECT_EQ(kind_of([&] { runs_.create(other, at(20)); }), ErrorKind::Conflict);
  }
  EXPECT_EQ(runs_.find(first.id), first);
}

TEST_P(RunContract, AnIdempotencyKeyIsTheRunForSevenDays) {
  const auto keyed = [](int number, const char* owner) {
    NewRun run = new_run(number);
    run.owner = owner;
    run.idempotency_key = {.key = "key-1", .asked = "x"};
    return run;
  };
  const TimePoint start = at(1000);
  const auto first = runs_.create(keyed(1, "anna"), start);
  const std::chrono::hours week{7 * 24};
  EXPECT_EQ(runs_.create(keyed(2, "anna"), start + week - Milliseconds{1}).id, first.id);
  EXPECT_FALSE(runs_.find(run_id(2)));

  EXPECT_EQ(runs_.create(keyed(3, "ben"), start).id, run_id(3)) << "another owner's key";
  EXPECT_EQ(runs_.create(keyed(4, "anna"), start + week).id, run_id(4)) << "the week is over";
  EXPECT_EQ(runs_.create(keyed(5, "anna"), start + week).id, run_id(4)) << "and begins again";
}

TEST_P(RunContract, AnIdempotencyKeyIsLookedUpAndStandsForOneRequest) {
  NewRun run = new_run(1);
  const RequestKey key{.key = "key-1", .asked = std::string("x\0\xFF", 3)};
  const RequestKey other{.key = "key-1", .asked = "y"};
  EXPECT_FALSE(runs_.find_by_key("anna", key, at(1)));
  run.idempotency_key = key;
  const auto created = runs_.create(run, at(1));
  EXPECT_EQ(runs_.find_by_key("anna", key, at(2)), created);
  EXPECT_FALSE(runs_.find_by_key("ben", key, at(2)));
  EXPECT_EQ(kind_of([&] { runs_.find_by_key("anna", other, at(2)); }), ErrorKind::Conflict);
  run = new_run(2);
  run.idempotency_key = other;
  EXPECT_EQ(kind_of([&] { runs_.create(run, at(2)); }), ErrorKind::Conflict);
  EXPECT_FALSE(runs_.find(run.id));
  EXPECT_FALSE(runs_.find_by_key("anna", other, at(1) + std::chrono::hours{7 * 24}));
}

TEST_P(RunContract, AnIdempotencyKeyGoesWithItsRun) {
  NewRun run = new_run(1);
  run.idempotency_key = {.key = "key-1", .asked = "x"};
  runs_.create(run, at(1));
  append(run.id, model::CancelRequested{.by = "anna"}, 2);
  runs_.remove({run.id});
  NewRun later = new_run(2);
  later.idempotency_key = {.key = "key-1", .asked = "y"};
  EXPECT_EQ(runs_.create(later, at(3)).id, later.id);
}

TEST_P(RunContract, AppendMovesTheRunByTheLaw) {
  const auto created = create(1);
  const auto run = runs_.append(
      created.id, model::Dispatched{.attempt = 1, .slots = {"gpu-a", "gpu-b"}}, 1, at(7));
  EXPECT_EQ(run.version, 2u);
  EXPECT_EQ(run.modified_at, at(7));
  EXPECT_EQ(run.created_at, created.created_at);
  EXPECT_EQ(run.status.phase, Phase::Starting);
  EXPECT_THAT(run.status.slots, ElementsAre("gpu-a", "gpu-b"));
  EXPECT_EQ(run.manifest, created.manifest) << "with connections";
  EXPECT_EQ(runs_.find(created.id), run);
}

TEST_P(RunContract, AWholeLifeReadsBackInEveryField) {
  const auto created = create(1);
  std::vector<model::RunStatus> expected{created.status};
  for (const model::Event& event : whole_life()) {
    const int second = static_cast<int>(expected.size());
    expected.push_back(*model::next(expected.back(), event, at(second)));
    append(created.id, event, second);
    EXPECT_EQ(runs_.find(created.id)->status, expected.back()) << event_name(event);
  }
  EXPECT_EQ(expected.back().phase, Phase::Ended);
  EXPECT_FALSE(expected.back().verdict->last_lines.empty());
}

TEST_P(RunContract, AnOldVersionIsAConflictAndChangesNothing) {
  const auto created = create(1);
  const auto run = runs_.append(created.id, model::Dispatched{.attempt = 1, .slots = {}}, 1, at(2));
  for (const std::uint64_t version : {0u, 1u, 3u}) {
    EXPECT_EQ(
        kind_of([&] { runs_.append(run.id, model::CancelRequested{.by = "x"}, version, at(3)); }),
        ErrorKind::Conflict);
  }
  EXPECT_EQ(runs_.find(run.id), run);
  EXPECT_EQ(runs_.events_after(0, 10, run.id).size(), 1u);
}

TEST_P(RunContract, AnEventThatDoesNotApplyChangesNothing) {
  const auto created = create(1);
  EXPECT_EQ(runs_.append(created.id, model::TrainingStarted{.attempt = 1}, 1, at(9)), created);
  EXPECT_EQ(runs_.find(created.id), created);
  EXPECT_THAT(runs_.events_after(0, 10, std::nullopt), IsEmpty());
}

TEST_P(RunContract, EventsAreKeptInOrderOverAllRuns) {
  const auto a = create(1);
  const auto b = create(2);
  const std::vector<model::Event> life = whole_life();
  append(a.id, life[0], 10);
  append(b.id, life[0], 11);
  append(a.id, life[1], 12);

  const auto all = runs_.events_after(0, 10, std::nullopt);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].run, a.id);
  EXPECT_EQ(all[1].run, b.id);
  EXPECT_EQ(all[2].run, a.id);
  EXPECT_LT(all[0].sequence, all[1].sequence);
  EXPECT_LT(all[1].sequence, all[2].sequence);
  EXPECT_EQ(all[2].version, 3u);
  EXPECT_EQ(all[2].at, at(12));
  EXPECT_EQ(all[2].event, life[1]);

  EXPECT_EQ(runs_.events_after(all[0].sequence, 1, std::nullopt)[0].sequence, all[1].sequence);
  const auto of_a = runs_.events_after(all[0].sequence, 10, a.id);
  ASSERT_EQ(of_a.size(), 1u);
  EXPECT_EQ(of_a[0].sequence, all[2].sequence);
}

TEST_P(RunContract, TheEventsOfARunReplayToItsStatus) {
  const auto created = create(1);
  int second = 1;
  for (const model::Event& event : whole_life()) append(created.id, event, second++);
  model::RunStatus status;
  std::uint64_t version = 1;
  for (const StoredEvent& stored : runs_.events_after(0, 100, created.id)) {
    EXPECT_EQ(stored.version, ++version);
    status = *model::next(status, stored.event, stored.at);
  }
  EXPECT_EQ(runs_.find(created.id)->status, status);
  EXPECT_EQ(runs_.find(created.id)->version, version);
}

TEST_P(RunContract, NoLiveRunIsRemovedAndOthersWithTheirEvents) {
  const auto a = create(1);
  const auto b = create(2);
  append(a.id, model::CancelRequested{.by = "anna"}, 5);
  append(b.id, model::CancelRequested{.by = "anna"}, 6);
  const auto live = create(4);
  append(live.id, model::Dispatched{.attempt = 1, .slots = {"0"}}, 7);
  EXPECT_EQ(kind_of([&] { runs_.remove({live.id}); }), ErrorKind::Conflict);
  EXPECT_EQ(kind_of([&] { runs_.remove({a.id, live.id}); }), ErrorKind::Conflict);
  EXPECT_TRUE(runs_.find(a.id)) << "all or none";
  runs_.remove({a.id, run_id(99)});
  EXPECT_FALSE(runs_.find(a.id));
  EXPECT_THAT(runs_.events_after(0, 10, a.id), IsEmpty());
  EXPECT_EQ(runs_.events_after(0, 10, std::nullopt).size(), 2u);
  EXPECT_TRUE(runs_.find(b.id));
  const auto waiting = create(3);
  EXPECT_GT(waiting.queue_order, live.queue_order) << "a place in the queue is given once";
  runs_.remove({waiting.id});
  EXPECT_FALSE(runs_.find(waiting.id));
  EXPECT_EQ(kind_of([&] {
              append(waiting.id, model::Dispatched{1, {"0"}}, 8);
            }),
            ErrorKind::NotFound);
}

TEST_P(RunContract, OfManyWritersAtOnceEachEventCountsOnce) {
  const auto run = create(1);
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 8; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < 5; ++i) create(100 + 10 * writer + i);
      append(run.id, model::Dispatched{.attempt = 1, .slots = {std::to_string(writer)}}, 50);
    });
  }
  threads.clear();
  EXPECT_EQ(runs_.list({}).runs.size(), 41u);
  EXPECT_EQ(runs_.find(run.id)->version, 2u) << "one dispatch won, the others do not apply";
  EXPECT_EQ(runs_.events_after(0, 100, std::nullopt).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Repositories, RunContract, implementations(), implementation_name);

}  // namespace
}  // namespace trainyard::repository
