// The contract of experiments and their runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/contract.hpp"

namespace trainyard::repository {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ExperimentContract : public RepositoryContract {
 protected:
  Experiment stored(int number) {
    const Experiment experiment = new_experiment(number);
    experiments_.create(experiment);
    return experiment;
  }
  ExperimentRun started(int number, const Experiment& experiment, const std::string& key = "") {
    NewExperimentRun run = new_experiment_run(number, experiment.id);
    if (!key.empty()) run.idempotency_key = key;
    return experiment_runs_.start(run, at(100 + number));
  }
  static std::vector<std::string> ids_of(const ExperimentRun& run) {
    std::vector<std::string> result;
    for (const auto& each : run.runs) result.push_back(each.id.str());
    return result;
  }
};

TEST_P(ExperimentContract, AnExperimentReadsBackAndChanges) {
  Experiment experiment = stored(1);
  EXPECT_EQ(experiments_.find(experiment.id), experiment);
  EXPECT_EQ(kind_of([&] { experiments_.create(experiment); }), ErrorKind::Conflict);
  const TimePoint read_at = experiment.modified_at;
  experiment.name = "renamed";
  experiment.entity = Secret("{}");
  experiment.modified_at = at(9);
  experiments_.update(experiment, read_at);
  EXPECT_EQ(experiments_.find(experiment.id), experiment);
  EXPECT_EQ(kind_of([&] { experiments_.update(experiment, read_at); }), ErrorKind::Conflict);
  experiments_.remove(experiment.id);
  EXPECT_FALSE(experiments_.find(experiment.id));
  EXPECT_EQ(kind_of([&] { experiments_.remove(experiment.id); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { experiments_.update(experiment, at(9)); }), ErrorKind::NotFound);
}

TEST_P(ExperimentContract, ExperimentsAreListedByIdInPages) {
  for (int number : {4, 1, 3, 2}) {
    Experiment experiment = new_experiment(number);
    if (number == 3) experiment.owner = "ben";
    experiments_.create(experiment);
  }
  const auto list = [&](const std::string& owner) {
    std::vector<std::string> names;
    std::string next;
    do {
      const auto page = experiments_.list(owner, 2, next);
      EXPECT_LE(page.experiments.size(), 2u);
      for (const auto& experiment : page.experiments) names.push_back(experiment.name);
      next = page.next;
    } while (!next.empty());
    return names;
  };
  EXPECT_THAT(list(""),
              ElementsAre("experiment 1", "experiment 2", "experiment 3", "experiment 4"));
  EXPECT_THAT(list("anna"), ElementsAre("experiment 1", "experiment 2", "experiment 4"));
  EXPECT_EQ(kind_of([&] { experiments_.list("", 0, ""); }), ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of([&] { experiments_.list("", 1, "zzz"); }), ErrorKind::InvalidInput);
}

TEST_P(ExperimentContract, AllTrainingRunsOfAnExperimentRunAreQueuedInOrder) {
  const Experiment experiment = stored(1);
  create(99);
  const ExperimentRun run = started(1, experiment);
  EXPECT_THAT(ids_of(run), ElementsAre(run_id(10).str(), run_id(11).str()));
  EXPECT_EQ(run.experiment_id, experiment.id);
  EXPECT_EQ(run.created_at, at(101));
  EXPECT_THAT(ids({}), ElementsAre(run_id(99).str(), run_id(10).str(), run_id(11).str()));
  EXPECT_EQ(experiment_runs_.find(run.id), run);
  EXPECT_EQ(runs_.find(run_id(10))->manifest, new_run(10).manifest) << "with its connections";
  append(run_id(11), model::CancelRequested{.by = "anna"}, 200);
  EXPECT_EQ(experiment_runs_.find(run.id)->runs[1].status.state, model::RunState::Canceled);
}

TEST_P(ExperimentContract, AnExperimentRunIsStartedWholeOrNotAtAll) {
  const Experiment experiment = stored(1);
  create(21);
  EXPECT_EQ(kind_of([&] { started(2, experiment); }), ErrorKind::Conflict);
  EXPECT_FALSE(runs_.find(run_id(20)));
  EXPECT_THAT(experiment_runs_.list(experiment.id, 9, "").runs, IsEmpty());
  EXPECT_EQ(kind_of([&] { experiment_runs_.start(new_experiment_run(3, "none"), at(1)); }),
            ErrorKind::NotFound);
  EXPECT_FALSE(runs_.find(run_id(30)));
  NewExperimentRun empty = new_experiment_run(4, experiment.id);
  empty.runs.clear();
  EXPECT_EQ(kind_of([&] { experiment_runs_.start(empty, at(1)); }), ErrorKind::InvalidInput);
}

TEST_P(ExperimentContract, TheSameKeyReturnsTheExperimentRunThatExists) {
  const Experiment experiment = stored(1);
  const ExperimentRun first = started(1, experiment, "key");
  EXPECT_EQ(started(2, experiment, "key"), first);
  EXPECT_FALSE(runs_.find(run_id(20)));
  NewExperimentRun late = new_experiment_run(3, experiment.id);
  late.idempotency_key = "key";
  EXPECT_EQ(experiment_runs_.start(late, at(101 + 7 * 24 * 3600)).id, late.id);
}

TEST_P(ExperimentContract, AKeyStandsForARunOfOneExperiment) {
  NewExperimentRun asked = new_experiment_run(9, stored(1).id);
  asked.idempotency_key = "key";
  EXPECT_FALSE(experiment_runs_.find_by_key(asked, at(100)));
  const ExperimentRun first = started(1, *experiments_.find(asked.experiment_id), "key");
  EXPECT_EQ(experiment_runs_.find_by_key(asked, at(102)), first);
  const Experiment other = stored(2);
  EXPECT_EQ(kind_of([&] { started(2, other, "key"); }), ErrorKind::Conflict);
  EXPECT_FALSE(runs_.find(run_id(20)));
  asked.experiment_id = other.id;
  EXPECT_EQ(kind_of([&] { experiment_runs_.find_by_key(asked, at(102)); }), ErrorKind::Conflict);
  asked.idempotency_key = std::nullopt;
  EXPECT_FALSE(experiment_runs_.find_by_key(asked, at(102)));
}

TEST_P(ExperimentContract, ExperimentRunsAreListedByCreationInPages) {
  const Experiment experiment = stored(1);
  const Experiment other = stored(2);
  std::vector<std::string> expected;
  for (int number : {3, 1, 2}) expected.push_back(started(number, experiment).id);
  started(4, other);
  std::vector<std::string> seen;
  std::string next;
  do {
    const auto page = experiment_runs_.list(experiment.id, 2, next);
    EXPECT_LE(page.runs.size(), 2u);
    for (const auto& run : page.runs) seen.push_back(run.id);
    next = page.next;
  } while (!next.empty());
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(kind_of([&] { experiment_runs_.list(experiment.id, 2, "zzz"); }),
            ErrorKind::InvalidInput);
}

TEST_P(ExperimentContract, AnExperimentRunLeavesWithItsLastTrainingRun) {
  const Experiment experiment = stored(1);
  const std::string id = started(1, experiment).id;
  for (int number : {10, 11}) {
    EXPECT_TRUE(experiment_runs_.find(id));
    append(run_id(number), model::CancelRequested{.by = "anna"}, 200);
    runs_.remove({run_id(number)});
  }
  EXPECT_FALSE(experiment_runs_.find(id));
  EXPECT_THAT(experiment_runs_.list(experiment.id, 9, "").runs, IsEmpty());
}

TEST_P(ExperimentContract, AnEventOfTheExperimentRunReachesAllThatItAppliesTo) {
  const Experiment experiment = stored(1);
  const std::string id = started(1, experiment).id;
  append(run_id(10), model::Dispatched{.attempt = 1, .slots = {"GPU-0"}}, 150);
  append(run_id(11), model::CancelRequested{.by = "anna"}, 160);
  const model::Event cancel = model::CancelRequested{.by = "bob"};
  const auto changed = experiment_runs_.append(id, cancel, at(200));
  ASSERT_EQ(changed.size(), 1u) << "the other has ended";
  EXPECT_EQ(changed[0], experiment_runs_.find(id)->runs[0]);
  EXPECT_TRUE(changed[0].status.cancel_requested);
  EXPECT_EQ(changed[0].version, 3u);
  EXPECT_EQ(changed[0].modified_at, at(200));
  EXPECT_EQ(runs_.find(run_id(11))->version, 2u);
  const auto events = runs_.events_after(0, 9, run_id(10));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].event, cancel);
  EXPECT_EQ(events[1].version, 3u);
  EXPECT_THAT(experiment_runs_.append(id, cancel, at(201)), IsEmpty());
  EXPECT_EQ(kind_of([&] { experiment_runs_.append("none", cancel, at(1)); }), ErrorKind::NotFound);
}

TEST_P(ExperimentContract, RemovingTheRecordLeavesTheTrainingRuns) {
  const Experiment experiment = stored(1);
  const std::string first = started(1, experiment).id;
  const std::string second = started(2, experiment).id;
  experiment_runs_.remove(first);
  EXPECT_FALSE(experiment_runs_.find(first));
  EXPECT_EQ(kind_of([&] { experiment_runs_.remove(first); }), ErrorKind::NotFound);
  experiments_.remove(experiment.id);
  EXPECT_FALSE(experiment_runs_.find(second));
  EXPECT_EQ(ids({}).size(), 4u);
}

INSTANTIATE_TEST_SUITE_P(Repositories, ExperimentContract, implementations(), implementation_name);

}  // namespace
}  // namespace trainyard::repository
