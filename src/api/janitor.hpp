#pragma once
// Takes runs out for good: those whose time is over (T19) and those that were deleted (T23). A run
// that is deleted while it is live is asked to stop and goes once it has ended; that it is to go is
// kept in a directory, so that a restart forgets nothing. Buckets are never touched.
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "definition/definition_store.hpp"
#include "logstore/log_store.hpp"
#include "repository/definition_repository.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::api {

class RunHub;

struct JanitorOptions {
  std::filesystem::path directory;  // of the marks
  Milliseconds retention{7LL * 24 * 3600 * 1000};
  Milliseconds tick{60'000};
};

struct JanitorParts {
  repository::RunRepository& runs;
  repository::DefinitionRepository& definitions;
  definition::DefinitionStore& contents;
  logstore::LogStore& logs;
  RunHub& hub;
  std::function<void(const model::RunId&)> forget;  // the engine's traces
  // Whether the run left results on this machine that its bucket does not have: such a run stays
  // until it is deleted, however old it is. Empty: none does.
  std::function<bool(const model::RunId&)> has_unsaved_results = {};
  std::function<void()> wake_scheduler;
  Clock& clock;
};

class Janitor {
 public:
  virtual ~Janitor() = default;
  virtual void start() = 0;
  // Removes runs that wait or have ended now, in a transaction each for all of a kind; live ones
  // are canceled, and removed when they have ended. Thread-safe.
  virtual void remove(const std::vector<model::RunId>& runs) = 0;
  // A run changed: if it was to go and has ended it goes soon. Thread-safe, cheap.
  virtual void run_ended(const model::RunId& run) = 0;
  virtual void tick() = 0;  // one round, for tests; not while started
};
std::unique_ptr<Janitor> make_janitor(JanitorOptions options, JanitorParts parts);

}  // namespace trainyard::api
