#pragma once
// A RunRepository that tells of every change that it let through.
#include <functional>

#include "repository/run_repository.hpp"

namespace trainyard::repository {

class ObservedRepository final : public RunRepository {
 public:
  // `on_change` is called after a durable change, on the thread that made it; it must not throw.
  ObservedRepository(RunRepository& inner, std::function<void(const model::TrainingRun&)> on_change)
      : inner_(inner), on_change_(std::move(on_change)) {}

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
  RunPage list(const RunQuery& query) override { return inner_.list(query); }
  std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                        const std::optional<model::RunId>& run) override {
    return inner_.events_after(sequence, limit, run);
  }
  void remove(const model::RunId& id) override { inner_.remove(id); }

 private:
  RunRepository& inner_;
  std::function<void(const model::TrainingRun&)> on_change_;
};

}  // namespace trainyard::repository
