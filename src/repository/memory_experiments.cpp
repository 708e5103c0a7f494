#include <algorithm>

#include "repository/memory_records.hpp"
#include "repository/record.hpp"

namespace trainyard::repository {
namespace {

class MemoryExperimentRepository final : public ExperimentRepository {
 public:
  explicit MemoryExperimentRepository(SharedRecords records) : records_(std::move(records)) {}

  void create(const Experiment& experiment) override {
    auto records = records_->lock();
    if (!records->experiments.emplace(experiment.id, experiment).second) {
      throw_experiment_exists(experiment.id);
    }
  }

  std::optional<Experiment> find(const std::string& id) override {
    auto records = records_->lock();
    const auto found = records->experiments.find(id);
    if (found == records->experiments.end()) return std::nullopt;
    return found->second;
  }

  ExperimentPage list(const std::string& owner, std::size_t limit,
                      const std::string& start_after) override {
    check_limit(limit);
    const std::string after = decode_experiment_cursor(start_after);
    ExperimentPage page;
    auto records = records_->lock();
    for (auto it = records->experiments.upper_bound(after); it != records->experiments.end();
         ++it) {
      if (!owner.empty() && it->second.owner != owner) continue;
      if (page.experiments.size() == limit) {
        page.next = encode_experiment_cursor(page.experiments.back().id);
        break;
      }
      page.experiments.push_back(it->second);
    }
    return page;
  }

  void update(const Experiment& changed, TimePoint read_at) override {
    auto records = records_->lock();
    const auto found = records->experiments.find(changed.id);
    if (found == records->experiments.end()) throw_no_experiment(changed.id);
    if (found->second.modified_at != read_at) throw_experiment_changed(changed.id);
    found->second.name = changed.name;
    found->second.entity = changed.entity;
    found->second.modified_at = changed.modified_at;
  }

  void remove(const std::string& id) override {
    auto records = records_->lock();
    if (records->experiments.erase(id) == 0) throw_no_experiment(id);
    std::erase_if(records->experiment_runs,
                  [&](const auto& entry) { return entry.second.run.experiment_id == id; });
  }

 private:
  SharedRecords records_;
};

class MemoryExperimentRunRepository final : public ExperimentRunRepository {
 public:
  explicit MemoryExperimentRunRepository(SharedRecords records) : records_(std::move(records)) {}

  ExperimentRun start(const NewExperimentRun& started, TimePoint now) override {
    check_has_runs(started);
    auto records = records_->lock();
    if (const auto* existing = find_by_key(*records, started, now)) {
      return with_runs(*records, *existing);
    }
    check_new(*records, started);
    Records::StoredExperimentRun stored{.run = {.id = started.id,
                                                .experiment_id = started.experiment_id,
                                                .owner = started.owner,
                                                .created_at = now,
                                                .runs = {}},
                                        .members = {},
                                        .idempotency_key = started.idempotency_key.value_or("")};
    for (const NewRun& created : started.runs) {
      records->insert(first_version(created, now));
      stored.members.push_back(created.id);
    }
    return with_runs(*records,
                     records->experiment_runs[++records->last_experiment_run] = std::move(stored));
  }

  std::vector<model::TrainingRun> append(const std::string& id, const model::Event& event,
                                         TimePoint now) override {
    auto records = records_->lock();
    const auto found = std::ranges::find_if(
        records->experiment_runs, [&](const auto& entry) { return entry.second.run.id == id; });
    if (found == records->experiment_runs.end()) throw_no_experiment_run(id);
    std::vector<model::TrainingRun> changed;
    for (const model::RunId& member : found->second.members) {
      const model::TrainingRun& run = records->runs.at(member);
      auto after = after_event(run, event, run.version, now);
      if (after) make_brief(changed.emplace_back(records->change(std::move(*after), event)));
    }
    return changed;
  }

  std::optional<ExperimentRun> find(const std::string& id) override {
    auto records = records_->lock();
    for (const auto& [order, stored] : records->experiment_runs) {
      if (stored.run.id == id) return with_runs(*records, stored);
    }
    return std::nullopt;
  }

  std::optional<ExperimentRun> find_by_key(const NewExperimentRun& asked, TimePoint now) override {
    auto records = records_->lock();
    const auto* existing = find_by_key(*records, asked, now);
    return existing == nullptr ? std::nullopt : std::optional(with_runs(*records, *existing));
  }

  ExperimentRunPage list(const std::string& experiment_id, std::size_t limit,
                         const std::string& start_after) override {
    check_limit(limit);
    const std::int64_t after = decode_experiment_run_cursor(start_after);
    ExperimentRunPage page;
    std::int64_t last = after;
    auto records = records_->lock();
    for (const auto& [order, stored] : records->experiment_runs) {
      if (order <= after || stored.run.experiment_id != experiment_id) continue;
      if (page.runs.size() == limit) {
        page.next = encode_experiment_run_cursor(last);
        break;
      }
      page.runs.push_back(with_runs(*records, stored));
      last = order;
    }
    return page;
  }

  void remove(const std::string& id) override {
    auto records = records_->lock();
    const auto removed = std::erase_if(
        records->experiment_runs, [&](const auto& entry) { return entry.second.run.id == id; });
    if (removed == 0) throw_no_experiment_run(id);
  }

 private:
  static Records::StoredExperimentRun* find_by_key(Records& records,
                                                   const NewExperimentRun& started, TimePoint now) {
    if (!started.idempotency_key) return nullptr;
    for (auto& [order, stored] : records.experiment_runs) {
      if (stored.run.owner == started.owner && stored.idempotency_key == *started.idempotency_key &&
          stored.run.created_at + kIdempotencyWindow > now) {
        check_same_request(stored.idempotency_key,
                           stored.run.experiment_id == started.experiment_id);
        return &stored;
      }
    }
    return nullptr;
  }

  // All or nothing: asked before anything is put in.
  static void check_new(const Records& records, const NewExperimentRun& started) {
    if (!records.experiments.contains(started.experiment_id)) {
      throw_no_experiment(started.experiment_id);
    }
    std::set<model::RunId> ids;
    for (const NewRun& created : started.runs) {
      if (records.runs.contains(created.id) || !ids.insert(created.id).second) {
        throw Error(ErrorKind::Conflict, "there is a training run " + created.id.str());
      }
    }
    for (const auto& [order, stored] : records.experiment_runs) {
      if (stored.run.id == started.id) throw Error(ErrorKind::Conflict, "the id exists");
    }
  }

  static ExperimentRun with_runs(const Records& records,
                                 const Records::StoredExperimentRun& stored) {
    ExperimentRun run = stored.run;
    for (const model::RunId& id : stored.members) {
      make_brief(run.runs.emplace_back(records.runs.at(id)));
    }
    return run;
  }

  SharedRecords records_;
};

}  // namespace

std::unique_ptr<ExperimentRepository> make_memory_experiments(SharedRecords records) {
  return std::make_unique<MemoryExperimentRepository>(std::move(records));
}

std::unique_ptr<ExperimentRunRepository> make_memory_experiment_runs(SharedRecords records) {
  return std::make_unique<MemoryExperimentRunRepository>(std::move(records));
}

}  // namespace trainyard::repository
