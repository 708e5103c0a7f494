#include "scheduler/learner_starts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "scheduler/back_off.hpp"

namespace trainyard::scheduler {

namespace {
constexpr Milliseconds kFirstDelay{1000};
constexpr Milliseconds kLongestDelay{60'000};

// Nothing of it was done that would have to be saved.
bool may_end_here(const model::TrainingRun& run) {
  return run.status.cancel_requested && !run.status.execute_began;
}
}  // namespace

void LearnerStarts::start(const model::TrainingRun& run) {
  if (!due(run)) return;
  const unsigned attempt = run.status.attempt;
  std::string handle;
  try {
    handle = engine_.submit({.run = run.id,
                             .attempt = attempt,
                             .slots = run.status.slots,
                             .token = options_.learner_token(run.id, attempt),
                             .server_url = options_.server_url});
  } catch (const Error& e) {
    note_trouble(run, e);
    if (may_end_here(run)) append(run, model::Finished{attempt, model::RunState::Canceled, {}});
    return;
  }
  troubles_.lock()->erase(run.id);
  append(run, model::Started{attempt, handle});
}

bool LearnerStarts::due(const model::TrainingRun& run) {
  auto troubles = troubles_.lock();
  const auto found = troubles->find(run.id);
  return found == troubles->end() || clock_.now() >= found->second.next_try || may_end_here(run);
}

void LearnerStarts::note_trouble(const model::TrainingRun& run, const Error& error) {
  auto troubles = troubles_.lock();
  Trouble& trouble = (*troubles)[run.id];
  const Milliseconds delay = back_off(trouble.tries++, kFirstDelay, kLongestDelay);
  trouble.next_try = clock_.now() + delay;
  trouble.what = error.what();
  log::warn("cannot start the learner of {} (try {}; again in {}): {}", run.id.str(), trouble.tries,
            format_duration(delay), error.what());
}

// The run may have ended and been deleted while its learner was started.
void LearnerStarts::append(const model::TrainingRun& run, const model::Event& event) {
  try {
    append_retrying(runs_, run.id, event, clock_.now());
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
}

std::optional<std::string> LearnerStarts::trouble(const model::RunId& run) {
  auto troubles = troubles_.lock();
  const auto found = troubles->find(run);
  if (found == troubles->end()) return std::nullopt;
  const Trouble& trouble = found->second;
  return fmt::format("cannot be started: {} (tried {} time{}, again in {})", trouble.what,
                     trouble.tries, trouble.tries == 1 ? "" : "s",
                     format_duration(trouble.next_try - clock_.now()));
}

void LearnerStarts::keep_only(const std::vector<model::TrainingRun>& active) {
  std::erase_if(*troubles_.lock(), [&](const auto& entry) {
    return std::none_of(active.begin(), active.end(),
                        [&](const model::TrainingRun& run) { return run.id == entry.first; });
  });
}

}  // namespace trainyard::scheduler
