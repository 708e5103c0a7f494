#include "scheduler/queue_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/log.hpp"

namespace trainyard::scheduler {

namespace {
using model::Phase;
}  // namespace

std::vector<model::TrainingRun> active_runs(repository::RunRepository& runs) {
  repository::RunQuery query{.phases = {Phase::Starting, Phase::Staging, Phase::Training,
                                        Phase::Storing, Phase::Recovering}};
  std::vector<model::TrainingRun> result;
  do {
    auto page = runs.list(query);
    std::move(page.runs.begin(), page.runs.end(), std::back_inserter(result));
    query.start_after = std::move(page.next);
  } while (!query.start_after.empty());
  return result;
}

std::vector<ActiveRun> briefs_of(const std::vector<model::TrainingRun>& active) {
  std::vector<ActiveRun> result;
  for (const auto& run : active)
    result.push_back({brief_of(run), run.status.slots, run.status.dispatched_at});
  return result;
}

Readiness ask(RuntimeGate& gate, const model::TrainingRun& run) {
  try {
    return gate.readiness(run);
  } catch (const std::exception& e) {
    log::warn("cannot tell whether the environment of {} is ready: {}", run.id.str(), e.what());
    return {Readiness::State::Building, fmt::format("it cannot be asked for: {}", e.what())};
  }
}

std::vector<model::TrainingRun> QueueReader::next_page() {
  if (done_) return {};
  auto page = runs_.list({.phases = {Phase::Queued}, .limit = page_, .start_after = cursor_});
  cursor_ = std::move(page.next);
  done_ = cursor_.empty();
  return std::move(page.runs);
}

}  // namespace trainyard::scheduler
