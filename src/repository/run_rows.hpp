#pragma once
// A run's rows: their columns in one order, written and read. For src/repository only.
#include <optional>
#include <string>

#include "db/database.hpp"
#include "repository/run_repository.hpp"
#include "repository/sealer.hpp"

namespace trainyard::repository {

// A run as its rows hold it. Opening seals and reading the manifest is left to the thread that
// wants them, away from the writer.
struct StoredRun {
  model::TrainingRun run;  // brief, but with the verdict's last lines when details were read
  std::string manifest_json;
  std::string data_secret, results_secret;  // sealed
  std::string shown_manifest;               // only for writing
};
model::TrainingRun complete(StoredRun stored, const Sealer& sealer);

// The other way: what create writes.
StoredRun prepare_rows(const model::TrainingRun& run, const Sealer& sealer);
std::uint64_t insert_rows(db::Connection& connection, const StoredRun& stored);  // its queue order
// The row, and the event that changed it.
void update_rows(db::Connection& connection, const model::TrainingRun& before,
                 const model::TrainingRun& after, const std::string& event_json);

// "r.queue_order AS queue_order, r.id AS id, …" of runs AS r, and of run_details AS d.
const std::string& selected_columns(RunDetail detail);
// Into a new run, in place: a run is 1.4 KB, and moving ten thousand of them is felt.
void read_brief_row(const db::Statement& row, model::TrainingRun& into);
StoredRun read_full_row(const db::Statement& row);
// For RunDetail::Shown; returns the shown manifest.
std::string read_shown_row(const db::Statement& row, model::TrainingRun& into);

std::optional<StoredRun> find_rows(db::Connection& connection, const std::string& id);

}  // namespace trainyard::repository
