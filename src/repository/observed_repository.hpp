#pragma once
// Repositories that tell of every change of a run that they let through.
#include <functional>

#include "repository/experiment_repository.hpp"

namespace trainyard::repository {

class ObservedRepository final : public RunRepository {
 public:
  // `on_change` is called after a durable change, `on_remove` after runs were removed, each on the
  // thread that did it; they must not throw.
  ObservedRepository(RunRepository& inner, std::function<void(const model::TrainingRun&)> on_change,
                     std::function<void()> on_remove)
      : inner_(inner), on_change_(std::move(on_change)), on_remove_(std::move(on_remove)) {}

  model::TrainingRun create(const NewRun& run, TimePoint now) override {
    auto created = inner_.create(run, now);
    on_change_(created);
    return created;
  }
  model::TrainingRun append(const model::RunId& id, const model::Event& event,
                            std::uint64_t expected_version, TimePoint now) override {
    auto changed = inner_.append(id, event, expected_version, now);
    if (changed.version != expected_version) on_change_(changed);
    return changed;
  }
  std::optional<model::TrainingRun> find(const model::RunId& id) override {
    return inner_.find(id);
  }
  std::optional<model::TrainingRun> find_by_key(const std::string& owner, const RequestKey& key,
                                                TimePoint now) override {
    return inner_.find_by_key(owner, key, now);
  }
  RunPage list(const RunQuery& query) override { return inner_.list(query); }
  LiveRuns count_live() override { return inner_.count_live(); }
  std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                        const std::optional<model::RunId>& run) override {
    return inner_.events_after(sequence, limit, run);
  }
  void remove(const std::vector<model::RunId>& ids) override {
    inner_.remove(ids);
    on_remove_();
  }

 private:
  RunRepository& inner_;
  std::function<void(const model::TrainingRun&)> on_change_;
  std::function<void()> on_remove_;
};

// The same for runs that are put into the queue, or changed, as one.
class ObservedExperimentRuns final : public ExperimentRunRepository {
 public:
  ObservedExperimentRuns(ExperimentRunRepository& inner,
                         std::function<void(const model::TrainingRun&)> on_change)
      : inner_(inner), on_change_(std::move(on_change)) {}

  ExperimentRun start(const NewExperimentRun& started, TimePoint now) override {
    auto run = inner_.start(started, now);
    for (const auto& training : run.runs) {
      if (training.version == 1) on_change_(training);  // else it was there before
    }
    return run;
  }
  std::vector<model::TrainingRun> append(const std::string& id, const model::Event& event,
                                         TimePoint now) override {
    auto changed = inner_.append(id, event, now);
    for (const auto& training : changed) on_change_(training);
    return changed;
  }
  std::optional<ExperimentRun> find(const std::string& id) override { return inner_.find(id); }
  std::optional<ExperimentRun> find_by_key(const NewExperimentRun& asked, TimePoint now) override {
    return inner_.find_by_key(asked, now);
  }
  ExperimentRunPage list(const std::string& experiment_id, std::size_t limit,
                         const std::string& start_after) override {
    return inner_.list(experiment_id, limit, start_after);
  }
  void remove(const std::string& id) override { inner_.remove(id); }

 private:
  ExperimentRunRepository& inner_;
  std::function<void(const model::TrainingRun&)> on_change_;
};

}  // namespace trainyard::repository
