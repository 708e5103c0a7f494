#include "api/janitor.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "api/run_hub.hpp"
#include "base/files.hpp"
#include "repository/memory_repository.hpp"
#include "repository/sample_records.hpp"

namespace trainyard::api {
namespace {

// Something happens just before runs are removed.
class MovingRuns final : public repository::RunRepository {
 public:
  explicit MovingRuns(RunRepository& inner) : inner_(inner) {}

  std::function<void()> before_remove;
  std::vector<std::size_t> removals;  // how many runs each was to remove

  void remove(const std::vector<model::RunId>& ids) override {
    removals.push_back(ids.size());
    before_remove();
    inner_.remove(ids);
  }
  model::TrainingRun create(const repository::NewRun& run, TimePoint now) override {
    return inner_.create(run, now);
  }
  std::optional<model::TrainingRun> find(const model::RunId& id) override {
    return inner_.find(id);
  }
  std::optional<model::TrainingRun> find_by_key(const std::string& owner,
                                                const repository::RequestKey& key,
                                                TimePoint now) override {
    return inner_.find_by_key(owner, key, now);
  }
  repository::RunPage list(const repository::RunQuery& query) override {
    return inner_.list(query);
  }
  repository::LiveRuns count_live() override { return inner_.count_live(); }
  model::TrainingRun append(const model::RunId& id, const model::Event& event,
                            std::uint64_t expected_version, TimePoint now) override {
    return inner_.append(id, event, expected_version, now);
  }
  std::vector<repository::StoredEvent> events_after(
      std::uint64_t sequence, std::size_t limit, const std::optional<model::RunId>& run) override {
    return inner_.events_after(sequence, limit, run);
  }

 private:
  RunRepository& inner_;
};

TEST(Janitor, RunsThatWaitGoTogetherAlthoughTheQueueMoves) {
  const TempDir dir;
  ManualClock clock{repository::at(1)};
  auto records = repository::make_memory_repositories();
  MovingRuns runs(*records.runs);
  const auto contents = definition::open_definition_store(dir.path() / "definitions", {});
  const auto logs = logstore::open_log_store(dir.path() / "logs");
  RunHub hub;
  const auto janitor =
      make_janitor({.directory = dir.path() / "deletions"}, {.runs = runs,
                                                             .definitions = *records.definitions,
                                                             .contents = *contents,
                                                             .logs = *logs,
                                                             .hub = hub,
                                                             .forget = [](const model::RunId&) {},
                                                             .has_unsaved_results = {},
                                                             .wake_scheduler = [] {},
                                                             .clock = clock});
  std::vector<model::RunId> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(runs.create(repository::new_run(i), clock.now()).id);
  }
  int moves = 0;
  runs.before_remove = [&] {
    if (moves == 3) return;
    repository::append_retrying(runs, ids[10 * ++moves], model::Dispatched{1, {"slot"}},
                                clock.now());
  };
  janitor->remove(ids);
  EXPECT_THAT(runs.removals, ::testing::ElementsAre(100, 99, 98, 97));
  std::size_t marks = 0;
  for (const auto& entry : fs::directory_iterator(dir.path() / "deletions")) {
    marks += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(marks, 3u);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto run = runs.find(ids[i]);
    const bool moved = i == 10 || i == 20 || i == 30;
    ASSERT_EQ(run.has_value(), moved) << i;
    EXPECT_TRUE(!run || run->status.cancel_requested) << i;
  }
}

}  // namespace
}  // namespace trainyard::api
