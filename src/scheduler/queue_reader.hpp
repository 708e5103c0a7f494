#pragma once
// The part of the record that the scheduler works on. Slots in use are what the record says, so a
// restart forgets none and gives none out twice.
#include <vector>

#include "repository/run_repository.hpp"
#include "scheduler/queue_plan.hpp"

namespace trainyard::scheduler {

// Everything from Starting to Recovering.
std::vector<model::TrainingRun> active_runs(repository::RunRepository& runs);
std::vector<ActiveRun> briefs_of(const std::vector<model::TrainingRun>& active);
// Never throws: a gate that cannot answer keeps the run waiting, and says so.
Readiness ask(RuntimeGate& gate, const model::TrainingRun& run);

// The queue from its head, a page at a time.
class QueueReader {
 public:
  explicit QueueReader(repository::RunRepository& runs, std::size_t page = 64)
      : runs_(runs), page_(page) {}
  // Empty: there is no more.
  std::vector<model::TrainingRun> next_page();

 private:
  repository::RunRepository& runs_;
  std::size_t page_;
  std::string cursor_;
  bool done_ = false;
};

}  // namespace trainyard::scheduler
