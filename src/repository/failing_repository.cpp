#include "repository/failing_repository.hpp"

namespace trainyard::repository {
namespace {

class FailingRunRepository final : public RunRepository {
 public:
  FailingRunRepository(RunRepository& inner, FailurePlan& plan) : inner_(inner), plan_(plan) {}

  model::TrainingRun create(const NewRun& run, TimePoint now) override {
    return plan_.run([&] { return inner_.create(run, now); });
  }
  std::optional<model::TrainingRun> find(const model::RunId& id) override {
    return plan_.run([&] { return inner_.find(id); });
  }
  std::optional<model::TrainingRun> find_by_key(const std::string& owner, const RequestKey& key,
                                                TimePoint now) override {
    return plan_.run([&] { return inner_.find_by_key(owner, key, now); });
  }
  RunPage list(const RunQuery& query) override {
    return plan_.run([&] { return inner_.list(query); });
  }
  LiveRuns count_live() override {
    return plan_.run([&] { return inner_.count_live(); });
  }
  model::TrainingRun append(const model::RunId& id, const model::Event& event,
                            std::uint64_t expected_version, TimePoint now) override {
    return plan_.run([&] { return inner_.append(id, event, expected_version, now); });
  }
  std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                        const std::optional<model::RunId>& run) override {
    return plan_.run([&] { return inner_.events_after(sequence, limit, run); });
  }
  void remove(const std::vector<model::RunId>& ids) override {
    plan_.run([&] { inner_.remove(ids); });
  }

 private:
  RunRepository& inner_;
  FailurePlan& plan_;
};

class FailingDefinitionRepository final : public DefinitionRepository {
 public:
  FailingDefinitionRepository(DefinitionRepository& inner, FailurePlan& plan)
      : inner_(inner), plan_(plan) {}

  void create(const TrainingDefinition& definition) override {
    plan_.run([&] { inner_.create(definition); });
  }
  void add_version(const TrainingDefinition& definition) override {
    plan_.run([&] { inner_.add_version(definition); });
  }
  std::optional<TrainingDefinition> find(const std::string& id) override {
    return plan_.run([&] { return inner_.find(id); });
  }
  std::optional<TrainingDefinition> find(const std::string& id,
                                         const std::string& version_id) override {
    return plan_.run([&] { return inner_.find(id, version_id); });
  }
  std::vector<TrainingDefinition> versions(const std::string& id) override {
    return plan_.run([&] { return inner_.versions(id); });
  }
  DefinitionPage list(const std::string& owner, std::size_t limit,
                      const std::string& start_after) override {
    return plan_.run([&] { return inner_.list(owner, limit, start_after); });
  }
  void set_content(const std::string& id, const std::string& version_id,
                   const std::string& sha256) override {
    plan_.run([&] { inner_.set_content(id, version_id, sha256); });
  }
  void remove(const std::string& id) override {
    plan_.run([&] { inner_.remove(id); });
  }
  std::vector<std::string> used_contents() override {
    return plan_.run([&] { return inner_.used_contents(); });
  }

 private:
  DefinitionRepository& inner_;
  FailurePlan& plan_;
};

class FailingExperimentRepository final : public ExperimentRepository {
 public:
  FailingExperimentRepository(ExperimentRepository& inner, FailurePlan& plan)
      : inner_(inner), plan_(plan) {}

  void create(const Experiment& experiment) override {
    plan_.run([&] { inner_.create(experiment); });
  }
  std::optional<Experiment> find(const std::string& id) override {
    return plan_.run([&] { return inner_.find(id); });
  }
  ExperimentPage list(const std::string& owner, std::size_t limit,
                      const std::string& start_after) override {
    return plan_.run([&] { return inner_.list(owner, limit, start_after); });
  }
  void update(const Experiment& changed, TimePoint read_at) override {
    plan_.run([&] { inner_.update(changed, read_at); });
  }
  void remove(const std::string& id) override {
    plan_.run([&] { inner_.remove(id); });
  }

 private:
  ExperimentRepository& inner_;
  FailurePlan& plan_;
};

class FailingExperimentRunRepository final : public ExperimentRunRepository {
 public:
  FailingExperimentRunRepository(ExperimentRunRepository& inner, FailurePlan& plan)
      : inner_(inner), plan_(plan) {}

  ExperimentRun start(const NewExperimentRun& started, TimePoint now) override {
    return plan_.run([&] { return inner_.start(started, now); });
  }
  std::vector<model::TrainingRun> append(const std::string& id, const model::Event& event,
                                         TimePoint now) override {
    return plan_.run([&] { return inner_.append(id, event, now); });
  }
  std::optional<ExperimentRun> find(const std::string& id) override {
    return plan_.run([&] { return inner_.find(id); });
  }
  std::optional<ExperimentRun> find_by_key(const NewExperimentRun& asked, TimePoint now) override {
    return plan_.run([&] { return inner_.find_by_key(asked, now); });
  }
  ExperimentRunPage list(const std::string& experiment_id, std::size_t limit,
                         const std::string& start_after) override {
    return plan_.run([&] { return inner_.list(experiment_id, limit, start_after); });
  }
  void remove(const std::string& id) override {
    plan_.run([&] { inner_.remove(id); });
  }

 private:
  ExperimentRunRepository& inner_;
  FailurePlan& plan_;
};

}  // namespace

std::optional<FailurePlan::Planned> FailurePlan::take() {
  return planned_.with([](std::optional<Planned>& planned) -> std::optional<Planned> {
    if (!planned || --planned->calls_left > 0) return std::nullopt;
    return std::exchange(planned, std::nullopt);
  });
}

Repositories make_failing_repositories(Repositories& inner, FailurePlan& plan) {
  return {.runs = std::make_unique<FailingRunRepository>(*inner.runs, plan),
          .definitions = std::make_unique<FailingDefinitionRepository>(*inner.definitions, plan),
          .experiments = std::make_unique<FailingExperimentRepository>(*inner.experiments, plan),
          .experiment_runs =
              std::make_unique<FailingExperimentRunRepository>(*inner.experiment_runs, plan)};
}

}  // namespace trainyard::repository
