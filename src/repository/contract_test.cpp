// One contract over every implementation of the two repositories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "base/files.hpp"
#include "repository/failing_repository.hpp"
#include "repository/memory_repository.hpp"
#include "repository/sample_records.hpp"
#include "repository/sqlite_repository.hpp"

namespace trainyard::repository {
namespace {

using model::Phase;
using model::RunState;
using testing::ElementsAre;
using testing::IsEmpty;

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Repositories& repositories() = 0;
};

class MemoryBackend final : public Backend {
 public:
  Repositories& repositories() override { return repositories_; }

 private:
  Repositories repositories_ = make_memory_repositories();
};

// Without a plan to fail, the failing one passes every call on.
class FailingBackend final : public Backend {
 public:
  Repositories& repositories() override { return repositories_; }

 private:
  Repositories inner_ = make_memory_repositories();
  FailurePlan plan_;
  Repositories repositories_ = make_failing_repositories(inner_, plan_);
};

class SqliteBackend final : public Backend {
 public:
  Repositories& repositories() override { return repositories_; }

 private:
  TempDir dir_{"trainyard-", fast_directory()};
  Repositories repositories_ =
      open_sqlite_repositories(dir_.path() / "db", Sealer(Secret(std::string(32, 'k'))));
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Backend>()> make;
};

class RepositoryContract : public testing::TestWithParam<Implementation> {
 protected:
  std::unique_ptr<Backend> backend_ = GetParam().make();
  RunRepository& runs_ = *backend_->repositories().runs;
  DefinitionRepository& definitions_ = *backend_->repositories().definitions;

  model::TrainingRun create(int number) { return runs_.create(new_run(number), at(number)); }

  model::TrainingRun append(const model::RunId& id, const model::Event& event, int second) {
    return append_retrying(runs_, id, event, at(second));
  }

  std::vector<std::string> ids(const RunQuery& query) {
    std::vector<std::string> result;
    for (const auto& run : runs_.list(query).runs) result.push_back(run.id.str());
    return result;
  }
};

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

TEST_P(RepositoryContract, ACreatedRunIsQueuedAndFoundWhole) {
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

TEST_P(RepositoryContract, WhatIsNotThereIsNotFound) {
  const model::RunId id = run_id(1);
  EXPECT_FALSE(runs_.find(id));
  EXPECT_EQ(kind_of([&] { runs_.append(id, model::CancelRequested{}, 1, at(1)); }),
            ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { append_retrying(runs_, id, model::CancelRequested{}, at(1)); }),
            ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { runs_.remove(id); }), ErrorKind::NotFound);
  EXPECT_THAT(runs_.list({}).runs, IsEmpty());
  EXPECT_THAT(runs_.events_after(0, 10, id), IsEmpty());
}

TEST_P(RepositoryContract, TheQueueOrderRisesWithSubmission) {
  const auto first = create(5);
  const auto second = create(1);
  EXPECT_LT(first.queue_order, second.queue_order);
}

TEST_P(RepositoryContract, CreatingTheSameAgainReturnsTheRunThatExists) {
  const auto first = runs_.create(new_run(1), at(10));
  append(first.id, model::Dispatched{.attempt = 1, .slots = {"gpu-a"}}, 11);
  const auto again = runs_.create(new_run(1), at(20));
  EXPECT_EQ(again, runs_.find(first.id));
  EXPECT_EQ(again.created_at, at(10));
  EXPECT_EQ(again.version, 2u);
}

TEST_P(RepositoryContract, CreatingAnotherUnderTheSameIdIsAConflict) {
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

TEST_P(RepositoryContract, AnIdempotencyKeyIsTheRunForSevenDays) {
  const auto keyed = [](int number, const char* owner) {
    NewRun run = new_run(number);
    run.owner = owner;
    run.idempotency_key = "key-1";
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

TEST_P(RepositoryContract, AnIdempotencyKeyGoesWithItsRun) {
  NewRun run = new_run(1);
  run.idempotency_key = "key-1";
  runs_.create(run, at(1));
  append(run.id, model::CancelRequested{.by = "anna"}, 2);
  runs_.remove(run.id);
  NewRun later = new_run(2);
  later.idempotency_key = "key-1";
  EXPECT_EQ(runs_.create(later, at(3)).id, later.id);
}

TEST_P(RepositoryContract, AppendMovesTheRunByTheLaw) {
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

TEST_P(RepositoryContract, AWholeLifeReadsBackInEveryField) {
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

TEST_P(RepositoryContract, AnOldVersionIsAConflictAndChangesNothing) {
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

TEST_P(RepositoryContract, AnEventThatDoesNotApplyChangesNothing) {
  const auto created = create(1);
  EXPECT_EQ(runs_.append(created.id, model::TrainingStarted{.attempt = 1}, 1, at(9)), created);
  EXPECT_EQ(runs_.find(created.id), created);
  EXPECT_THAT(runs_.events_after(0, 10, std::nullopt), IsEmpty());
}

TEST_P(RepositoryContract, EventsAreKeptInOrderOverAllRuns) {
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

TEST_P(RepositoryContract, TheEventsOfARunReplayToItsStatus) {
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

TEST_P(RepositoryContract, OnlyAnEndedRunIsRemovedAndWithItsEvents) {
  const auto a = create(1);
  const auto b = create(2);
  EXPECT_EQ(kind_of([&] { runs_.remove(a.id); }), ErrorKind::Conflict);
  append(a.id, model::CancelRequested{.by = "anna"}, 5);
  append(b.id, model::CancelRequested{.by = "anna"}, 6);
  runs_.remove(a.id);
  EXPECT_FALSE(runs_.find(a.id));
  EXPECT_THAT(runs_.events_after(0, 10, a.id), IsEmpty());
  EXPECT_EQ(runs_.events_after(0, 10, std::nullopt).size(), 1u);
  EXPECT_TRUE(runs_.find(b.id));
  EXPECT_GT(create(3).queue_order, b.queue_order) << "a place in the queue is given once";
}

TEST_P(RepositoryContract, ListsComeInTheThreeOrders) {
  const auto c = create(3).id.str();
  const auto a = create(1).id.str();
  const auto b = create(2).id.str();
  EXPECT_THAT(ids({.order = Order::BySubmission}), ElementsAre(c, a, b));
  EXPECT_THAT(ids({.order = Order::BySubmissionDescending}), ElementsAre(b, a, c));
  EXPECT_THAT(ids({.order = Order::ById}), ElementsAre(a, b, c));
}

TEST_P(RepositoryContract, PagesFollowEachOtherWithoutGaps) {
  for (const Order order : {Order::BySubmission, Order::BySubmissionDescending, Order::ById}) {
    for (int number : {7, 3, 9, 1, 5}) create(number);
    RunQuery query{.order = order, .limit = 2};
    const std::vector<std::string> expected = ids({.order = order});
    std::vector<std::string> seen;
    std::size_t pages = 0;
    do {
      const RunPage page = runs_.list(query);
      EXPECT_LE(page.runs.size(), 2u);
      for (const auto& run : page.runs) seen.push_back(run.id.str());
      query.start_after = page.next;
      ++pages;
    } while (!query.start_after.empty());
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(pages, 3u);
  }
}

TEST_P(RepositoryContract, APageThatEndsWithTheListHasNoNext) {
  create(1);
  create(2);
  EXPECT_EQ(runs_.list({.limit = 2}).next, "");
  EXPECT_NE(runs_.list({.limit = 1}).next, "");
}

TEST_P(RepositoryContract, ACursorOfAnotherListIsRefused) {
  create(1);
  create(2);
  const std::string by_id = runs_.list({.order = Order::ById, .limit = 1}).next;
  for (const std::string& bad : {by_id, std::string("!"), std::string("c3g"), std::string("cw")}) {
    EXPECT_EQ(kind_of([&] { runs_.list({.order = Order::BySubmission, .start_after = bad}); }),
              ErrorKind::InvalidInput)
        << bad;
  }
  EXPECT_EQ(kind_of([&] { runs_.list({.limit = 0}); }), ErrorKind::InvalidInput);
}

TEST_P(RepositoryContract, ListsSelectByStatePhaseOwnerAndEnd) {
  const auto queued = create(1).id;
  const auto starting = create(2).id;
  const auto training = create(3).id;
  const auto canceled = create(4).id;
  const auto failed = create(5).id;
  NewRun bens = new_run(6);
  bens.owner = "ben";
  runs_.create(bens, at(6));
  const std::vector<model::Event> life = whole_life();
  append(starting, life[0], 10);
  for (int i = 0; i < 4; ++i) append(training, life[i], 10 + i);
  append(canceled, model::CancelRequested{.by = "anna"}, 20);
  append(failed, model::Abandoned{.verdict = exit_one()}, 30);

  EXPECT_THAT(ids({.states = {RunState::Pending}}),
              ElementsAre(queued.str(), starting.str(), bens.id.str()));
  EXPECT_THAT(ids({.states = {RunState::Running}}), ElementsAre(training.str()));
  EXPECT_THAT(ids({.states = {RunState::Error, RunState::Canceled}}),
              ElementsAre(canceled.str(), failed.str()));
  EXPECT_THAT(ids({.states = {RunState::Running, RunState::Pending}, .owner = "anna"}),
              ElementsAre(queued.str(), starting.str(), training.str()));
  EXPECT_THAT(ids({.phases = {Phase::Queued}}), ElementsAre(queued.str(), bens.id.str()));
  EXPECT_THAT(ids({.phases = {Phase::Starting, Phase::Staging, Phase::Training, Phase::Storing,
                              Phase::Recovering}}),
              ElementsAre(starting.str(), training.str()));
  EXPECT_THAT(ids({.states = {RunState::Pending}, .phases = {Phase::Training}}), IsEmpty());
  EXPECT_THAT(ids({.states = {RunState::Canceled}, .phases = {Phase::Ended}}),
              ElementsAre(canceled.str()));
  EXPECT_THAT(ids({.owner = "ben"}), ElementsAre(bens.id.str()));
  EXPECT_THAT(ids({.owner = "ben", .order = Order::ById}), ElementsAre(bens.id.str()));
  EXPECT_THAT(ids({.owner = "nobody"}), IsEmpty());
  EXPECT_THAT(ids({.finished_before = at(20)}), IsEmpty());
  EXPECT_THAT(ids({.finished_before = at(21)}), ElementsAre(canceled.str()));
  EXPECT_THAT(ids({.finished_before = at(99), .order = Order::BySubmissionDescending}),
              ElementsAre(failed.str(), canceled.str()));
  EXPECT_THAT(ids({.states = {RunState::Error}, .owner = "anna", .finished_before = at(99)}),
              ElementsAre(failed.str()));
}

TEST_P(RepositoryContract, PagesOverSeveralStatesKeepTheOrder) {
  for (int number = 1; number <= 9; ++number) {
    const auto id = create(number).id;
    if (number % 3 == 1) append(id, model::CancelRequested{.by = "anna"}, 20);
    if (number % 3 == 2) append(id, model::Dispatched{.attempt = 1, .slots = {}}, 20);
  }
  for (const Order order : {Order::BySubmission, Order::BySubmissionDescending, Order::ById}) {
    RunQuery query{.states = {RunState::Canceled, RunState::Pending}, .order = order, .limit = 4};
    std::vector<std::string> seen;
    do {
      const RunPage page = runs_.list(query);
      for (const auto& run : page.runs) seen.push_back(run.id.str());
      query.start_after = page.next;
    } while (!query.start_after.empty());
    EXPECT_EQ(seen, ids({.order = order}));
  }
}

TEST_P(RepositoryContract, APageWithoutConnectionsIsBrief) {
  const auto created = create(1);
  append(created.id, model::Abandoned{.verdict = exit_one()}, 2);
  const auto full = *runs_.find(created.id);
  EXPECT_EQ(runs_.list({.with_connections = true}).runs.at(0), full);

  const auto brief = runs_.list({}).runs.at(0);
  model::TrainingRun expected = full;
  expected.manifest = {};
  expected.manifest.name = full.manifest.name;
  expected.manifest.framework = {.name = full.manifest.framework.name,
                                 .version = full.manifest.framework.version,
                                 .runtimes = {}};
  expected.manifest.command = full.manifest.command;
  expected.manifest.compute = full.manifest.compute;
  expected.status.verdict->last_lines.clear();
  EXPECT_EQ(brief, expected);
}

TEST_P(RepositoryContract, OfManyWritersAtOnceEachEventCountsOnce) {
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

// ---- definitions
// ---------------------------------------------------------------------------------

TEST_P(RepositoryContract, ADefinitionReadsBackAndTakesItsContent) {
  TrainingDefinition definition = new_definition(1);
  definitions_.create(definition);
  EXPECT_EQ(definitions_.find(definition.id), definition);
  definitions_.set_content(definition.id, "abcd");
  definition.content_sha256 = "abcd";
  EXPECT_EQ(definitions_.find(definition.id), definition);
  EXPECT_EQ(kind_of([&] { definitions_.create(definition); }), ErrorKind::Conflict);
  definitions_.remove(definition.id);
  EXPECT_FALSE(definitions_.find(definition.id));
}

TEST_P(RepositoryContract, AnUnknownDefinitionIsNotFound) {
  EXPECT_FALSE(definitions_.find("none"));
  EXPECT_EQ(kind_of([&] { definitions_.set_content("none", "abcd"); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { definitions_.remove("none"); }), ErrorKind::NotFound);
}

TEST_P(RepositoryContract, DefinitionsAreListedByCreationInPages) {
  for (const auto& [number, second] : {std::pair{1, 30}, {2, 10}, {3, 20}, {4, 20}, {5, 20}}) {
    TrainingDefinition definition = new_definition(number);
    definition.created_at = at(second);
    if (number == 5) definition.owner = "ben";
    definitions_.create(definition);
  }
  const auto list = [&](const std::string& owner) {
    std::vector<std::string> names;
    std::string next;
    do {
      const DefinitionPage page = definitions_.list(owner, 2, next);
      EXPECT_LE(page.definitions.size(), 2u);
      for (const auto& definition : page.definitions) names.push_back(definition.name);
      next = page.next;
    } while (!next.empty());
    return names;
  };
  EXPECT_THAT(list(""), ElementsAre("def-2", "def-3", "def-4", "def-5", "def-1"));
  EXPECT_THAT(list("anna"), ElementsAre("def-2", "def-3", "def-4", "def-1"));
  EXPECT_THAT(list("ben"), ElementsAre("def-5"));
  EXPECT_EQ(kind_of([&] { definitions_.list("", 2, "zzz"); }), ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of([&] { definitions_.list("", 0, ""); }), ErrorKind::InvalidInput);
}

TEST_P(RepositoryContract, UsedContentsAreThoseOfDefinitionsAndRuns) {
  TrainingDefinition empty = new_definition(1);
  definitions_.create(empty);
  EXPECT_THAT(definitions_.used_contents(), IsEmpty());
  definitions_.set_content(empty.id, "aa");
  NewRun run = new_run(1);
  run.definition_sha256 = "bb";
  runs_.create(run, at(1));
  NewRun same = new_run(2);
  same.definition_sha256 = "aa";
  runs_.create(same, at(2));
  EXPECT_THAT(definitions_.used_contents(), testing::UnorderedElementsAre("aa", "bb"));
  definitions_.remove(empty.id);
  append(run.id, model::CancelRequested{.by = "anna"}, 3);
  runs_.remove(run.id);
  EXPECT_THAT(definitions_.used_contents(), ElementsAre("aa"));
}

INSTANTIATE_TEST_SUITE_P(
    Repositories, RepositoryContract,
    testing::Values(Implementation{"Memory", [] { return std::make_unique<MemoryBackend>(); }},
                    Implementation{"Sqlite", [] { return std::make_unique<SqliteBackend>(); }},
                    Implementation{"Failing", [] { return std::make_unique<FailingBackend>(); }}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace trainyard::repository
