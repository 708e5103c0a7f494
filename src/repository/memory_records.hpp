#pragma once
// The records that the repositories in memory share. For src/repository only.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.hpp"
#include "repository/repositories.hpp"

namespace trainyard::repository {

struct Records {
  struct UsedKey {
    model::RunId run;
    TimePoint at;
    std::string asked;
  };
  struct OrderedDefinition {
    std::vector<TrainingDefinition> versions;  // the newest last
    std::int64_t order = 0;
  };
  struct StoredExperimentRun {
    ExperimentRun run;  // without its training runs
    std::vector<model::RunId> members;
    std::string idempotency_key;  // empty: none
  };

  std::map<model::RunId, model::TrainingRun> runs;
  std::vector<StoredEvent> events;
  std::map<std::pair<std::string, std::string>, UsedKey> keys;  // (owner, idempotency key)
  std::vector<OrderedDefinition> definitions;                   // by creation time, then order
  std::map<std::string, Experiment> experiments;
  std::map<std::int64_t, StoredExperimentRun> experiment_runs;  // by creation order
  std::uint64_t last_queue_order = 0;
  std::uint64_t last_sequence = 0;
  std::int64_t last_definition_order = 0;
  std::int64_t last_experiment_run = 0;

  // Puts a new run into the queue.
  model::TrainingRun& insert(model::TrainingRun run) {
    run.queue_order = ++last_queue_order;
    return runs[run.id] = std::move(run);
  }
  // The run as `event` left it.
  const model::TrainingRun& change(model::TrainingRun after, const model::Event& event) {
    events.push_back({.sequence = ++last_sequence,
                      .run = after.id,
                      .version = after.version,
                      .at = after.modified_at,
                      .event = event});
    return runs[after.id] = std::move(after);
  }
  // With its events, its key, and its place in an experiment run.
  void erase(const model::RunId& id) {
    runs.erase(id);
    std::erase_if(events, [&](const StoredEvent& event) { return event.run == id; });
    std::erase_if(keys, [&](const auto& entry) { return entry.second.run == id; });
    for (auto it = experiment_runs.begin(); it != experiment_runs.end();) {
      std::erase(it->second.members, id);
      it = it->second.members.empty() ? experiment_runs.erase(it) : std::next(it);
    }
  }
};
using SharedRecords = std::shared_ptr<Sync<Records>>;

std::unique_ptr<ExperimentRepository> make_memory_experiments(SharedRecords records);
std::unique_ptr<ExperimentRunRepository> make_memory_experiment_runs(SharedRecords records);

}  // namespace trainyard::repository
