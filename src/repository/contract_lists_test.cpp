// The contract of lists of runs: orders, pages, filters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/contract.hpp"
#include "repository/record.hpp"

namespace trainyard::repository {
namespace {

using model::Phase;
using model::RunState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using RunListContract = RepositoryContract;

TEST_P(RunListContract, ListsComeInTheThreeOrders) {
  const auto c = create(3).id.str();
  const auto a = create(1).id.str();
  const auto b = create(2).id.str();
  EXPECT_THAT(ids({.order = Order::BySubmission}), ElementsAre(c, a, b));
  EXPECT_THAT(ids({.order = Order::BySubmissionDescending}), ElementsAre(b, a, c));
  EXPECT_THAT(ids({.order = Order::ById}), ElementsAre(a, b, c));
}

TEST_P(RunListContract, PagesFollowEachOtherWithoutGaps) {
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

TEST_P(RunListContract, APageThatEndsWithTheListHasNoNext) {
  create(1);
  create(2);
  EXPECT_EQ(runs_.list({.limit = 2}).next, "");
  EXPECT_NE(runs_.list({.limit = 1}).next, "");
}

TEST_P(RunListContract, ACursorOfAnotherListIsRefused) {
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

TEST_P(RunListContract, ListsSelectByStatePhaseOwnerAndEnd) {
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

TEST_P(RunListContract, PagesOverSeveralStatesKeepTheOrder) {
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

TEST_P(RunListContract, APageShowsAsMuchAsWasAsked) {
  const auto created = create(1);
  append(created.id, model::Abandoned{.verdict = exit_one()}, 2);
  const auto full = *runs_.find(created.id);
  EXPECT_EQ(runs_.list({.detail = RunDetail::Whole}).runs.at(0), full);

  model::TrainingRun shown = full;
  const std::string manifest = make_shown(shown);
  EXPECT_NE(shown, full);
  const RunPage page = runs_.list({.detail = RunDetail::Shown});
  EXPECT_EQ(page.runs.at(0), shown);
  EXPECT_THAT(page.shown_manifests, ElementsAre(manifest));
  EXPECT_THAT(manifest, Not(HasSubstr("secret-value")));

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

TEST_P(RunListContract, AListOfOneRunHasItIfItFitsTheRest) {
  const auto id = create(1).id;
  create(2);
  for (const Order order : {Order::ById, Order::BySubmission, Order::BySubmissionDescending}) {
    EXPECT_THAT(ids({.id = id, .order = order}), ElementsAre(id.str()));
  }
  EXPECT_THAT(ids({.states = {RunState::Pending}, .owner = "anna", .id = id}),
              ElementsAre(id.str()));
  EXPECT_THAT(ids({.id = run_id(3)}), IsEmpty());
  EXPECT_THAT(ids({.owner = "ben", .id = id}), IsEmpty());
  EXPECT_THAT(ids({.states = {RunState::Error}, .id = id}), IsEmpty());
  EXPECT_THAT(ids({.id = id, .finished_before = at(99)}), IsEmpty());
}

TEST_P(RunListContract, WhatIsShownFollowsTheRun) {
  const auto created = create(1);
  const auto shown = [&] { return runs_.list({.detail = RunDetail::Shown}); };
  const std::string manifest = shown().shown_manifests.at(0);
  for (const model::Event& event : whole_life()) {
    auto expected = append(created.id, event, 10);
    make_shown(expected);
    EXPECT_EQ(shown().runs.at(0), expected);
    EXPECT_THAT(shown().shown_manifests, ElementsAre(manifest));
  }
}

TEST_P(RunListContract, LiveRunsAreCountedByTheirState) {
  EXPECT_EQ(runs_.count_live(), LiveRuns{});
  for (int number = 1; number <= 3; ++number) create(number);
  NewRun bens = new_run(4);
  bens.owner = "ben";
  runs_.create(bens, at(4));
  EXPECT_EQ(runs_.count_live(), (LiveRuns{.queued = 4, .pending = 4, .running = 0}));
  append(run_id(1), model::Dispatched{.attempt = 1, .slots = {}}, 10);
  append(run_id(2), model::CancelRequested{.by = "anna"}, 10);
  append(run_id(3), model::Abandoned{.verdict = exit_one()}, 10);
  EXPECT_EQ(runs_.count_live(), (LiveRuns{.queued = 1, .pending = 2, .running = 0}));
  runs_.remove({bens.id});
  EXPECT_EQ(runs_.count_live(), (LiveRuns{.queued = 0, .pending = 1, .running = 0}));
}

TEST_P(RunListContract, ARunCountsInEachPhaseOfItsLife) {
  const auto created = create(1);
  for (const model::Event& event : whole_life()) {
    const auto status = append(created.id, event, 10).status;
    const LiveRuns expected{.queued = status.phase == Phase::Queued,
                            .pending = status.state == RunState::Pending,
                            .running = status.state == RunState::Running};
    EXPECT_EQ(runs_.count_live(), expected) << to_string(status.phase);
  }
}

INSTANTIATE_TEST_SUITE_P(Repositories, RunListContract, implementations(), implementation_name);

}  // namespace
}  // namespace trainyard::repository
