#pragma once
// The record of training runs: an append-only event log, and each run's row as a cache of it.
// Every call is one transaction; thread-safe; time comes in as a parameter.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/run.hpp"

namespace trainyard::repository {

// What makes a request a repeated one: the client's key, and a digest of what was asked under it.
struct RequestKey {
  std::string key;
  std::string asked;
};

struct NewRun {
  model::RunId id;  // chosen by the caller (RunId::generate)
  std::string owner;
  model::Manifest manifest;
  std::string definition_id;
  std::string definition_sha256;
  // The same key by the same owner again returns the run that exists (for 7 days), or is a Conflict
  // when something else is asked.
  std::optional<RequestKey> idempotency_key;
};

// How much of a run a list reads.
enum class RunDetail {
  Brief,  // the manifest has name, framework name and version, command and compute only, and
          // the verdict has no last lines (fast)
  // What answers show (fast): no manifest, but RunPage::shown_manifests; of the status neither the
  // handle, the slots nor the reason of a loss; of the definition nothing.
  Shown,
  Whole,
};

enum class Order { ById, BySubmission, BySubmissionDescending };

struct RunQuery {
  std::vector<model::RunState> states;  // empty: all
  // Empty: all. The cost must not grow with the history: {Queued} in submission order is the queue,
  // what is neither Queued nor Ended holds the slots, and the scheduler asks for both each round.
  std::vector<model::Phase> phases;
  std::optional<std::string> owner;
  std::optional<model::RunId> id;            // that run alone, if it fits the rest
  std::optional<TimePoint> finished_before;  // only ended runs
  Order order = Order::BySubmission;
  std::size_t limit = 1000;  // at least 1
  std::string start_after;   // the cursor of RunPage::next, of the same order; InvalidInput else
  RunDetail detail = RunDetail::Brief;
};

struct RunPage {
  std::vector<model::TrainingRun> runs;
  std::string next;  // empty: no more
  // For RunDetail::Shown, of each run: wire::encode_shown of its manifest, secrets masked.
  std::vector<std::string> shown_manifests;
};

// How many runs there are that have not ended.
struct LiveRuns {
  std::size_t queued = 0;  // wait for slots; among the pending ones
  std::size_t pending = 0, running = 0;
  bool operator==(const LiveRuns&) const = default;
};

struct StoredEvent {
  std::uint64_t sequence = 0;  // over all runs, rising
  model::RunId run;
  std::uint64_t version = 0;  // the run's version after it
  TimePoint at;
  model::Event event;
};

class RunRepository {
 public:
  virtual ~RunRepository() = default;
  // Durable when it returns. Creating the same again returns the run that exists; Conflict when the
  // id exists with another content.
  virtual model::TrainingRun create(const NewRun& run, TimePoint now) = 0;
  virtual std::optional<model::TrainingRun> find(const model::RunId& id) = 0;  // with connections
  // The run that `create` would return for this key, without a run to create; Conflict as there.
  virtual std::optional<model::TrainingRun> find_by_key(const std::string& owner,
                                                        const RequestKey& key, TimePoint now) = 0;
  virtual RunPage list(const RunQuery& query) = 0;
  // All at one moment. The cost does not grow with the history, and with the live runs by little.
  virtual LiveRuns count_live() = 0;
  // Applies `event` by model::next. Throws NotFound, or Conflict when the run's version is not
  // `expected_version` (read again and decide again). An event that does not apply changes nothing
  // and returns the run as it is, with the same version.
  virtual model::TrainingRun append(const model::RunId& id, const model::Event& event,
                                    std::uint64_t expected_version, TimePoint now) = 0;
  // In order; for one run when `run` is given.
  virtual std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                                const std::optional<model::RunId>& run) = 0;
  // Removes the runs and their events (T23); those that are gone already are passed over. Conflict
  // while one was dispatched and has not ended: then none is removed.
  virtual void remove(const std::vector<model::RunId>& ids) = 0;
};

// find + append, again on Conflict (at most 16 times). Thread-safe.
model::TrainingRun append_retrying(RunRepository& repository, const model::RunId& id,
                                   const model::Event& event, TimePoint now);

}  // namespace trainyard::repository
