#pragma once
// A training run's state, the events that move it, and the one law that says how: next().
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "model/ids.hpp"
#include "model/manifest.hpp"

namespace trainyard::model {

// The public states (wml-v3 c).
enum class RunState { Pending, Running, Completed, Error, Canceled };
// Ours, shown beside the state.
enum class Phase { Queued, Starting, Staging, Training, Storing, Recovering, Ended };

std::string_view to_string(RunState state);  // "pending" …
std::string_view to_string(Phase phase);     // "queued" …
std::optional<RunState> parse_state(std::string_view text);
std::optional<Phase> parse_phase(std::string_view text);
inline bool is_terminal(RunState s) { return s != RunState::Pending && s != RunState::Running; }

// Why a run ended as it did, or what stands in its way: a sentence that says what happened and
// what to do. `code` is of wml-v3 (c): C101…C201 blame the user, S100… the service.
struct Verdict {
  std::string code;
  std::string
      kind;  // our stable slug: "exit_code", "out_of_memory", "data_missing", "learner_lost"…
  std::string message;                  // the sentence
  std::optional<int> exit_code;         // of the user's command
  std::vector<std::string> last_lines;  // of the training log
  bool user_fault() const { return !code.empty() && code[0] == 'C'; }
  bool operator==(const Verdict&) const = default;
};

// ---- events ---------------------------------------------------------------------------------

struct Dispatched {  // the scheduler gave it slots; attempt counts from 1
  unsigned attempt = 1;
  std::vector<std::string> slots;  // slot ids; empty when it only recovers results
  bool operator==(const Dispatched&) const = default;
};
struct Started {  // the engine took it
  unsigned attempt = 1;
  std::string handle;
  bool operator==(const Started&) const = default;
};
struct StagingStarted {
  unsigned attempt = 1;
  bool operator==(const StagingStarted&) const = default;
};
struct TrainingStarted {
  unsigned attempt = 1;
  bool operator==(const TrainingStarted&) const = default;
};
struct TrainingEnded {  // slots are free from here
  unsigned attempt = 1;
  int exit_code = 0;
  bool operator==(const TrainingEnded&) const = default;
};
struct StoringStarted {  // and from here
  unsigned attempt = 1;
  bool operator==(const StoringStarted&) const = default;
};
struct Finished {  // the learner's last word
  unsigned attempt = 1;
  RunState outcome = RunState::Completed;  // terminal
  std::optional<Verdict> verdict;          // present for Error
  bool operator==(const Finished&) const = default;
};
struct CancelRequested {
  std::string by;
  bool operator==(const CancelRequested&) const = default;
};
struct LearnerLost {  // what the engine saw
  unsigned attempt = 1;
  std::string reason;
  bool operator==(const LearnerLost&) const = default;
};
struct Abandoned {  // the loop's last word when no learner can say one
  Verdict verdict;
  bool operator==(const Abandoned&) const = default;
};

using Event = std::variant<Dispatched, Started, StagingStarted, TrainingStarted, TrainingEnded,
                           StoringStarted, Finished, CancelRequested, LearnerLost, Abandoned>;
std::string_view event_name(const Event& event);  // "dispatched", "staging_started" …

// ---- status and the law ------------------------------------------------------------------------

struct RunStatus {
  RunState state = RunState::Pending;
  Phase phase = Phase::Queued;
  unsigned attempt = 0;  // 0 until dispatched
  bool cancel_requested = false;
  bool execute_began = false;  // the command was started at least once: it is never started again
  std::string handle;          // the engine's, empty until Started
  std::vector<std::string> slots;  // held now
  std::optional<int> exit_code;
  std::optional<Verdict> verdict;
  std::string lost_reason;  // of the last LearnerLost
  // When slots were given last, and when the phase was first entered since then. A run that goes
  // back to the queue has none of them.
  std::optional<TimePoint> dispatched_at, running_at, training_at, storing_at;
  std::optional<TimePoint> finished_at;
  bool operator==(const RunStatus&) const = default;
};

// Attempts at a run whose command never began, and in all: once it began, a further one only saves
// what it left, which harms nobody.
inline constexpr unsigned kMaxAttempts = 3, kMaxSavingAttempts = 20;
inline unsigned max_attempts(const RunStatus& status) {
  return status.execute_began ? kMaxSavingAttempts : kMaxAttempts;
}

// The status after `event` at `at`; nullopt when the event does not apply (a duplicate, an event of
// an older attempt, anything after the end): the caller then changes nothing. Terminal states are
// never left. Pure. "active" is starting, staging, training and storing.
//   queued     + Dispatched       → starting (slots held)      + CancelRequested → canceled
//   active     + Started          → unchanged, with the engine's handle
//   starting   + StagingStarted   → running/staging
//   staging    + TrainingStarted  → running/training (execute_began)
//   training   + TrainingEnded    → running/storing, slots free
//   active     + StoringStarted   → running/storing, slots free
//   active     + Finished         → its outcome
//   active     + CancelRequested  → unchanged, cancel_requested; the learner ends it
//   active     + LearnerLost      → not execute_began, attempts left, no cancel: queued again
//                                   else attempts left: recovering (results are saved by a new
//                                   learner with no slots); no attempts left: error
//   recovering + Dispatched       → running/storing, no slots
//   recovering + CancelRequested  → unchanged, cancel_requested, for the learner that comes
//   recovering + Finished         → its outcome: the report of a learner that ended was overtaken
//                                   by the sight of its end
//   any live   + Abandoned        → error
// Dispatched applies when its attempt is the next one and at most max_attempts(), every other
// event with an attempt when that is the present one.
std::optional<RunStatus> next(const RunStatus& status, const Event& event, TimePoint at);

// ---- the record
// ----------------------------------------------------------------------------------

struct TrainingRun {
  RunId id;
  std::string owner;
  Manifest manifest;
  std::string definition_id;      // uuid of the training definition
  std::string definition_sha256;  // hex, of the zip
  TimePoint created_at;           // = submitted_at (T18)
  TimePoint modified_at;          // of the last event
  std::uint64_t version = 1;      // +1 with every event
  std::uint64_t queue_order = 0;  // rises with submission; the queue is served in this order
  RunStatus status;
  bool operator==(const TrainingRun&) const = default;
};

}  // namespace trainyard::model
