#pragma once
// Experiments (T1, wml-v3 b.7): a set of training runs to be, and each time that it was run.
// Thread-safe; each call is one transaction.
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::repository {

struct Experiment {
  std::string id;  // uuid
  std::string owner;
  std::string name;
  Secret entity;  // the JSON object that the client sent, with the keys of its stores
  TimePoint created_at;
  TimePoint modified_at;
  bool operator==(const Experiment&) const = default;
};

struct ExperimentPage {
  std::vector<Experiment> experiments;  // by id ascending, as recorded (b)
  std::string next;                     // empty: no more
};

class ExperimentRepository {
 public:
  virtual ~ExperimentRepository() = default;
  virtual void create(const Experiment& experiment) = 0;  // Conflict: the id exists
  virtual std::optional<Experiment> find(const std::string& id) = 0;
  // Empty owner: all. limit: at least 1. start_after: the cursor of ExperimentPage::next.
  virtual ExperimentPage list(const std::string& owner, std::size_t limit,
                              const std::string& start_after) = 0;
  // Replaces name, entity and modified_at. NotFound; Conflict when it was changed since `read_at`,
  // the modified_at of the experiment that the change was made from.
  virtual void update(const Experiment& changed, TimePoint read_at) = 0;
  // With the record of its runs, not with their training runs. NotFound.
  virtual void remove(const std::string& id) = 0;
};

struct NewExperimentRun {
  std::string id;  // uuid
  std::string experiment_id;
  std::string owner;
  std::vector<NewRun> runs;  // at least one; their own idempotency keys are not looked at
  // The same key by the same owner again returns the experiment run that exists (for 7 days), or is
  // a Conflict for another experiment.
  std::optional<std::string> idempotency_key;
};

// It exists as long as one of its training runs does: it leaves with the last of them (T19, T23).
struct ExperimentRun {
  std::string id;
  std::string experiment_id;
  std::string owner;
  TimePoint created_at;
  std::vector<model::TrainingRun> runs;  // in the order of submission, without connections
  bool operator==(const ExperimentRun&) const = default;
};

struct ExperimentRunPage {
  std::vector<ExperimentRun> runs;  // by creation
  std::string next;
};

class ExperimentRunRepository {
 public:
  virtual ~ExperimentRunRepository() = default;
  // Puts all its training runs into the queue, in their order, or none. Durable when it returns.
  // NotFound: no such experiment. Conflict: an id exists. InvalidInput: no runs.
  virtual ExperimentRun start(const NewExperimentRun& started, TimePoint now) = 0;
  // Applies `event` to all its training runs by model::next, whatever their versions; returns those
  // that it changed, brief. NotFound.
  virtual std::vector<model::TrainingRun> append(const std::string& id, const model::Event& event,
                                                 TimePoint now) = 0;
  virtual std::optional<ExperimentRun> find(const std::string& id) = 0;
  // The one that `start` would return for the key; of `asked` neither id nor runs are looked at.
  virtual std::optional<ExperimentRun> find_by_key(const NewExperimentRun& asked,
                                                   TimePoint now) = 0;
  // Of one experiment. limit: at least 1. start_after: the cursor of ExperimentRunPage::next.
  virtual ExperimentRunPage list(const std::string& experiment_id, std::size_t limit,
                                 const std::string& start_after) = 0;
  // The record that they belong together; the training runs stay. NotFound.
  virtual void remove(const std::string& id) = 0;
};

}  // namespace trainyard::repository
