#include "repository/failing_repository.hpp"

#include <gtest/gtest.h>

#include "repository/memory_repository.hpp"
#include "repository/sample_records.hpp"

namespace trainyard::repository {
namespace {

class FailingRepository : public testing::Test {
 protected:
  Repositories inner_ = make_memory_repositories();
  FailurePlan plan_;
  Repositories failing_ = make_failing_repositories(inner_, plan_);
};

TEST_F(FailingRepository, FailsTheNthCallAndOnlyThat) {
  plan_.fail(2, When::Before, Error(ErrorKind::Unavailable, "away"));
  EXPECT_NO_THROW(failing_.runs->create(new_run(1), at(1)));
  EXPECT_THROW(failing_.runs->create(new_run(2), at(2)), Error);
  EXPECT_FALSE(inner_.runs->find(run_id(2)));
  EXPECT_NO_THROW(failing_.runs->create(new_run(2), at(2)));
}

TEST_F(FailingRepository, MayLoseTheAnswerAfterTheEffect) {
  plan_.fail(1, When::After, Error(ErrorKind::Unavailable, "away"));
  EXPECT_THROW(failing_.definitions->create(new_definition(1)), Error);
  EXPECT_TRUE(inner_.definitions->find(new_definition(1).id));
  plan_.fail(1, When::After, Error(ErrorKind::Unavailable, "away"));
  EXPECT_THROW(failing_.runs->create(new_run(1), at(1)), Error);
  EXPECT_TRUE(inner_.runs->find(run_id(1)));
}

// A run whose version another writer raises between each reading and writing.
class BusyRuns final : public RunRepository {
 public:
  explicit BusyRuns(int conflicts) : conflicts_(conflicts) {}
  int appends = 0;

  model::TrainingRun create(const NewRun& run, TimePoint now) override {
    return inner_.runs->create(run, now);
  }
  std::optional<model::TrainingRun> find(const model::RunId& id) override {
    return inner_.runs->find(id);
  }
  std::optional<model::TrainingRun> find_by_key(const std::string& owner, const RequestKey& key,
                                                TimePoint now) override {
    return inner_.runs->find_by_key(owner, key, now);
  }
  RunPage list(const RunQuery& query) override { return inner_.runs->list(query); }
  LiveRuns count_live() override { return inner_.runs->count_live(); }
  model::TrainingRun append(const model::RunId& id, const model::Event& event,
                            std::uint64_t expected_version, TimePoint now) override {
    if (++appends <= conflicts_) throw Error(ErrorKind::Conflict, "another version");
    return inner_.runs->append(id, event, expected_version, now);
  }
  std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                        const std::optional<model::RunId>& run) override {
    return inner_.runs->events_after(sequence, limit, run);
  }
  void remove(const std::vector<model::RunId>& ids) override { inner_.runs->remove(ids); }

 private:
  Repositories inner_ = make_memory_repositories();
  int conflicts_;
};

TEST(AppendRetrying, ReadsAgainAfterAConflict) {
  BusyRuns runs(15);
  runs.create(new_run(1), at(1));
  const auto run = append_retrying(runs, run_id(1), model::CancelRequested{.by = "anna"}, at(2));
  EXPECT_EQ(run.status.state, model::RunState::Canceled);
  EXPECT_EQ(runs.appends, 16);
}

TEST(AppendRetrying, GivesUpAfterSixteenTries) {
  BusyRuns runs(100);
  runs.create(new_run(1), at(1));
  EXPECT_THROW(append_retrying(runs, run_id(1), model::CancelRequested{.by = "anna"}, at(2)),
               Error);
  EXPECT_EQ(runs.appends, 16);
}

}  // namespace
}  // namespace trainyard::repository
