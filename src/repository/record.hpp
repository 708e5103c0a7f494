#pragma once
// What every implementation of the repositories does alike. For src/repository only.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "repository/definition_repository.hpp"
#include "repository/experiment_repository.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::repository {

inline constexpr std::chrono::hours kIdempotencyWindow{7 * 24};

// The run that `created` becomes, version 1, without its queue order.
model::TrainingRun first_version(const NewRun& created, TimePoint now);
// Throws Conflict when `existing` is not what `created` would have become.
void check_same_content(const model::TrainingRun& existing, const NewRun& created);

// Throws Conflict when a key stands for a request that asked for something else.
void check_same_request(std::string_view key, bool same);

// Throws Conflict when the version is another. nullopt when the event does not apply.
std::optional<model::TrainingRun> after_event(const model::TrainingRun& run,
                                              const model::Event& event,
                                              std::uint64_t expected_version, TimePoint now);

// Cuts a run down to what a list of brief ones shows.
void make_brief(model::TrainingRun& run);
// The same for RunDetail::Shown; returns the shown manifest.
std::string make_shown(model::TrainingRun& run);

// `count` more runs that stand so, which is not at their end.
void add(LiveRuns& live, model::Phase phase, model::RunState state, std::size_t count);

void check_limit(std::size_t limit);  // InvalidInput for 0
// Throws Conflict when the run was dispatched and has not ended.
void check_removable(const model::RunId& id, const model::RunStatus& status);

[[noreturn]] void throw_no_run(const model::RunId& id);
[[noreturn]] void throw_no_definition(const std::string& id);
[[noreturn]] void throw_no_version(const std::string& id, const std::string& version_id);
[[noreturn]] void throw_definition_exists(const std::string& id);  // Conflict
[[noreturn]] void throw_has_content(const std::string& id, const std::string& version_id);
void check_takes_version(const std::string& id, std::size_t versions);  // Conflict past the limit

[[noreturn]] void throw_no_experiment(const std::string& id);
[[noreturn]] void throw_experiment_exists(const std::string& id);  // Conflict
[[noreturn]] void throw_no_experiment_run(const std::string& id);
[[noreturn]] void throw_experiment_changed(const std::string& id);  // Conflict
void check_has_runs(const NewExperimentRun& started);               // InvalidInput

// Where a page of runs goes on: after the run with this id or queue order.
struct RunCursor {
  std::string id;
  std::uint64_t queue_order = 0;
};
std::string encode_cursor(Order order, const model::TrainingRun& last);
// nullopt for the empty text; InvalidInput when it is not a cursor of this order.
std::optional<RunCursor> decode_cursor(Order order, std::string_view text);

// Where a page of definitions goes on.
struct DefinitionCursor {
  std::int64_t created_at_ms = 0;
  std::int64_t order = 0;  // of creation, among equal times
  auto operator<=>(const DefinitionCursor&) const = default;
};
std::string encode_cursor(const DefinitionCursor& cursor);
std::optional<DefinitionCursor> decode_definition_cursor(std::string_view text);

// A page of experiments goes on after an id, one of experiment runs after a creation order; the
// empty cursor stands for "" and 0, before all. InvalidInput when it is not one of that list.
std::string encode_experiment_cursor(std::string_view id);
std::string decode_experiment_cursor(std::string_view text);
std::string encode_experiment_run_cursor(std::int64_t creation_order);
std::int64_t decode_experiment_run_cursor(std::string_view text);

}  // namespace trainyard::repository
