#pragma once
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/process.hpp"
#include "learner/courier.hpp"
#include "learner/learner.hpp"
#include "learner/outcome_record.hpp"
#include "learner/stage_out.hpp"

namespace trainyard::learner {

// One attempt, from its assignment to the last word; run() once.
class Attempt {
 public:
  Attempt(client::LearnerClient& client, objectstore::DatasetCache& cache, Clock& clock,
          const LearnerOptions& options, wire::Assignment assignment, std::stop_source cancel);
  LearnerEnd run();

 private:
  using Finished = model::Finished;

  // Until the command ended, or there will be none. They throw nothing but defects.
  Finished work();
  Finished begin_and_execute();
  Finished execute_command(const objectstore::Dataset& dataset);
  Finished runtime_failed();
  Finished recovered();
  // Afterwards, always.
  void open_results();
  void start_syncing();
  Finished store(const Finished& outcome);
  Finished not_stored(Finished outcome, const Error& error);
  LearnerEnd report(const Finished& outcome);

  Finished completed() const { return {options_.attempt, model::RunState::Completed, {}}; }
  Finished canceled() const { return {options_.attempt, model::RunState::Canceled, {}}; }
  Finished failed(model::Verdict verdict) const;
  void mark_execute() const;
  void remove_container();
  std::optional<sandbox::User> owner() const;
  CourierOptions courier_options();

  client::LearnerClient& client_;
  objectstore::DatasetCache& cache_;
  Clock& clock_;
  const LearnerOptions& options_;
  const wire::Assignment assignment_;
  const Layout layout_;
  const OutcomeRecord record_;
  std::stop_source cancel_;   // end the command
  std::stop_source abandon_;  // touch nothing any more
  std::optional<int> exit_code_;
  Courier courier_;
  RunLog training_log_, data_log_, model_log_;
  std::optional<objectstore::Dataset> dataset_;
  std::unique_ptr<objectstore::ObjectStore> results_;
  std::optional<StageOut> stage_out_;
  bool stored_ = false;              // results and logs are in the bucket
  std::vector<std::jthread> syncs_;  // last: they use the above
};

}  // namespace trainyard::learner
