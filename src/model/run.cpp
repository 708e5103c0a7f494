#include "model/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace trainyard::model {
namespace {

constexpr std::array<std::string_view, 5> kStateNames{"pending", "running", "completed", "error",
                                                      "canceled"};
constexpr std::array<std::string_view, 7> kPhaseNames{
    "queued", "starting", "staging", "training", "storing", "recovering", "ended"};
constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames{
    "dispatched",      "started",  "staging_started",  "training_started", "training_ended",
    "storing_started", "finished", "cancel_requested", "learner_lost",     "abandoned"};

template <typename Enum, std::size_t kCount>
std::optional<Enum> parse_name(const std::array<std::string_view, kCount>& names,
                               std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

// A learner is at work: it was asked for, and its end was not seen.
bool is_active(Phase phase) {
  return phase == Phase::Starting || phase == Phase::Staging || phase == Phase::Training ||
         phase == Phase::Storing;
}

// The service's fault (wml-v3 c: S104), since a user cannot make a learner vanish by what he asks.
Verdict lost_for_good(const RunStatus& status, const std::string& reason) {
  const std::string what = fmt::format("its learner was lost in attempt {} of {} ({})",
                                       status.attempt, max_attempts(status), reason);
  std::string message;
  if (status.exit_code) {
    message = fmt::format(
        "The command ended with exit code {}, but its results could not be saved: {}. The results "
        "bucket may be incomplete; submit the run again when the machine is well.",
        *status.exit_code, what);
  } else if (status.execute_began) {
    message = fmt::format(
        "The command was cut off: {}. Results may be missing from the bucket; submit the run again "
        "when the machine is well.",
        what);
  } else {
    message = fmt::format(
        "The command never started: {}. Look into the service's log for the cause and submit the "
        "run again.",
        what);
  }
  return {.code = "S104",
          .kind = "learner_lost",
          .message = std::move(message),
          .exit_code = status.exit_code,
          .last_lines = {}};
}

Verdict unexplained() {
  return {.code = "S104",
          .kind = "unexplained",
          .message = "The learner ended the run as failed without a reason; see the training log.",
          .exit_code = std::nullopt,
          .last_lines = {}};
}

class Transition {
 public:
  Transition(const RunStatus& from, TimePoint at) : from_(from), at_(at) {}

  std::optional<RunStatus> operator()(const Dispatched& event) const {
    if (event.attempt != from_.attempt + 1 || event.attempt > max_attempts(from_))
      return std::nullopt;
    if (from_.phase == Phase::Queued) {
      RunStatus to = enter(Phase::Starting);
      to.attempt = event.attempt;
      to.slots = event.slots;
      to.dispatched_at = at_;
      return to;
    }
    if (from_.phase != Phase::Recovering) return std::nullopt;
    RunStatus to = store();
    to.attempt = event.attempt;
    return to;
  }

  std::optional<RunStatus> operator()(const Started& event) const {
    if (!is_of_active_learner(event.attempt) || !from_.handle.empty()) return std::nullopt;
    RunStatus to = from_;
    to.handle = event.handle;
    return to;
  }

  std::optional<RunStatus> operator()(const StagingStarted& event) const {
    if (from_.phase != Phase::Starting || event.attempt != from_.attempt) return std::nullopt;
    return enter(Phase::Staging);
  }

  std::optional<RunStatus> operator()(const TrainingStarted& event) const {
    if (from_.phase != Phase::Staging || event.attempt != from_.attempt) return std::nullopt;
    RunStatus to = enter(Phase::Training);
    to.execute_began = true;
    to.training_at = at_;
    return to;
  }

  std::optional<RunStatus> operator()(const TrainingEnded& event) const {
    if (from_.phase != Phase::Training || event.attempt != from_.attempt) return std::nullopt;
    RunStatus to = store();
    to.exit_code = event.exit_code;
    return to;
  }

  std::optional<RunStatus> operator()(const StoringStarted& event) const {
    if (!is_of_active_learner(event.attempt) || from_.phase == Phase::Storing) return std::nullopt;
    return store();
  }

  std::optional<RunStatus> operator()(const Finished& event) const {
    const bool reports = is_active(from_.phase) || from_.phase == Phase::Recovering;
    if (!reports || event.attempt != from_.attempt || !is_terminal(event.outcome)) {
      return std::nullopt;
    }
    RunStatus to = end(event.outcome);
    to.verdict = event.verdict;
    if (event.outcome == RunState::Error && !to.verdict) to.verdict = unexplained();
    if (!to.exit_code && to.verdict) to.exit_code = to.verdict->exit_code;
    return to;
  }

  std::optional<RunStatus> operator()(const CancelRequested&) const {
    if (from_.phase == Phase::Ended || from_.cancel_requested) return std::nullopt;
    RunStatus to = from_.phase == Phase::Queued ? end(RunState::Canceled) : from_;
    to.cancel_requested = true;
    return to;
  }

  std::optional<RunStatus> operator()(const LearnerLost& event) const {
    if (!is_of_active_learner(event.attempt)) return std::nullopt;
    RunStatus to = after_loss(event.reason);
    to.lost_reason = event.reason;
    return to;
  }

  std::optional<RunStatus> operator()(const Abandoned& event) const {
    if (from_.phase == Phase::Ended) return std::nullopt;
    RunStatus to = end(RunState::Error);
    to.verdict = event.verdict;
    return to;
  }

 private:
  bool is_of_active_learner(unsigned attempt) const {
    return is_active(from_.phase) && attempt == from_.attempt;
  }

  // Into a phase that is not the last, with the public state that belongs to it.
  RunStatus enter(Phase phase) const {
    RunStatus to = from_;
    to.phase = phase;
    const bool pending = phase == Phase::Queued || phase == Phase::Starting;
    to.state = pending ? RunState::Pending : RunState::Running;
    if (!pending && !to.running_at) to.running_at = at_;
    return to;
  }

  RunStatus store() const {
    RunStatus to = enter(Phase::Storing);
    to.slots.clear();
    if (!to.storing_at) to.storing_at = at_;
    return to;
  }

  RunStatus end(RunState outcome) const {
    RunStatus to = from_;
    to.state = outcome;
    to.phase = Phase::Ended;
    to.slots.clear();
    to.finished_at = at_;
    return to;
  }

  RunStatus queue_again() const {
    RunStatus to = enter(Phase::Queued);
    to.dispatched_at = to.running_at = to.training_at = to.storing_at = std::nullopt;
    return to;
  }

  RunStatus after_loss(const std::string& reason) const {
    if (from_.attempt >= max_attempts(from_)) {
      RunStatus to = end(RunState::Error);
      to.verdict = lost_for_good(from_, reason);
      return to;
    }
    const bool start_again = !from_.execute_began && !from_.cancel_requested;
    RunStatus to = start_again ? queue_again() : enter(Phase::Recovering);
    to.slots.clear();
    to.handle.clear();
    return to;
  }

  const RunStatus& from_;
  TimePoint at_;
};

}  // namespace

std::string_view to_string(RunState state) { return kStateNames[static_cast<std::size_t>(state)]; }

std::string_view to_string(Phase phase) { return kPhaseNames[static_cast<std::size_t>(phase)]; }

std::optional<RunState> parse_state(std::string_view text) {
  return parse_name<RunState>(kStateNames, text);
}

std::optional<Phase> parse_phase(std::string_view text) {
  return parse_name<Phase>(kPhaseNames, text);
}

std::string_view event_name(const Event& event) { return kEventNames[event.index()]; }

std::optional<RunStatus> next(const RunStatus& status, const Event& event, TimePoint at) {
  return std::visit(Transition(status, at), event);
}

}  // namespace trainyard::model
