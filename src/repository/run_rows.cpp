#include "repository/run_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "repository/columns.hpp"
#include "wire/learner.hpp"
#include "wire/run.hpp"

namespace trainyard::repository {
namespace {

constexpr std::array kFixedColumns{"id",
                                   "owner",
                                   "created_at",
                                   "definition_id",
                                   "definition_sha256",
                                   "name",
                                   "framework",
                                   "framework_version",
                                   "command",
                                   "size",
                                   "gpus",
                                   "nodes",
                                   "cpus",
                                   "memory_bytes"};
constexpr std::array kChangingColumns{
    "modified_at",     "version",           "state",         "phase",
    "attempt",         "cancel_requested",  "execute_began", "handle",
    "slots",           "exit_code",         "verdict_code",  "verdict_kind",
    "verdict_message", "verdict_exit_code", "lost_reason",   "dispatched_at",
    "running_at",      "training_at",       "storing_at",    "finished_at"};
constexpr std::array kDetailColumns{"manifest", "data_secret", "results_secret", "last_lines"};
constexpr std::array kShownColumns{"id",
                                   "owner",
                                   "created_at",
                                   "modified_at",
                                   "version",
                                   "state",
                                   "phase",
                                   "attempt",
                                   "cancel_requested",
                                   "execute_began",
                                   "exit_code",
                                   "verdict_code",
                                   "verdict_kind",
                                   "verdict_message",
                                   "verdict_exit_code",
                                   "dispatched_at",
                                   "running_at",
                                   "training_at",
                                   "storing_at",
                                   "finished_at"};

// Where a secret stands, so that one cannot be moved to another run or connection.
std::string data_context(const model::RunId& id) { return id.str() + "/training_data"; }
std::string results_context(const model::RunId& id) { return id.str() + "/training_results"; }

void put_fixed(ParameterWriter& out, const model::TrainingRun& run) {
  const model::Manifest& manifest = run.manifest;
  const model::Compute& compute = manifest.compute;
  out.put(run.id.str())
      .put(run.owner)
      .put(run.created_at)
      .put(run.definition_id)
      .put(run.definition_sha256)
      .put(manifest.name)
      .put(manifest.framework.name)
      .put(manifest.framework.version)
      .put(manifest.command)
      .put(compute.size)
      .put(compute.gpus)
      .put(compute.nodes)
      .put(compute.cpus ? std::optional(format_real(*compute.cpus)) : std::nullopt)
      .put(compute.memory_bytes);
}

void put_verdict(ParameterWriter& out, const std::optional<model::Verdict>& verdict) {
  const auto text = [&](std::string model::Verdict::*member) {
    return verdict ? std::optional((*verdict).*member) : std::nullopt;
  };
  out.put(text(&model::Verdict::code))
      .put(text(&model::Verdict::kind))
      .put(text(&model::Verdict::message))
      .put(verdict ? verdict->exit_code : std::nullopt);
}

void put_changing(ParameterWriter& out, const model::TrainingRun& run) {
  const model::RunStatus& status = run.status;
  out.put(run.modified_at)
      .put(run.version)
      .put(to_string(status.state))
      .put(to_string(status.phase))
      .put(status.attempt)
      .put(status.cancel_requested)
      .put(status.execute_began)
      .put(status.handle)
      .put(status.slots)
      .put(status.exit_code);
  put_verdict(out, status.verdict);
  out.put(status.lost_reason)
      .put(status.dispatched_at)
      .put(status.running_at)
      .put(status.training_at)
      .put(status.storing_at)
      .put(status.finished_at);
}

template <typename T>
T require(std::optional<T> value, std::string_view what) {
  if (value) return std::move(*value);
  throw Error(ErrorKind::Corrupt,
              fmt::format("the database holds a run whose {} cannot be read", what));
}

void read_brief(ColumnReader& in, model::Manifest& manifest) {
  manifest.name = in.text();
  manifest.framework.name = in.text();
  manifest.framework.version = in.text();
  manifest.command = in.text();
  manifest.compute.size = in.text();
  manifest.compute.gpus = in.number<unsigned>();
  manifest.compute.nodes = in.number<unsigned>();
  if (const auto cpus = in.optional_text()) manifest.compute.cpus = parse_real(*cpus);
  manifest.compute.memory_bytes = in.optional_number<std::uint64_t>();
}

std::optional<model::Verdict> read_verdict(ColumnReader& in) {
  const auto code = in.optional_text();
  model::Verdict verdict{.code = code.value_or(""),
                         .kind = in.text(),
                         .message = in.text(),
                         .exit_code = in.optional_number<int>(),
                         .last_lines = {}};
  return code ? std::optional(std::move(verdict)) : std::nullopt;
}

void read_standing(ColumnReader& in, model::RunStatus& status) {
  status.state = require(model::parse_state(in.text()), "state");
  status.phase = require(model::parse_phase(in.text()), "phase");
  status.attempt = in.number<unsigned>();
  status.cancel_requested = in.flag();
  status.execute_began = in.flag();
}

void read_times(ColumnReader& in, model::RunStatus& status) {
  status.dispatched_at = in.optional_time();
  status.running_at = in.optional_time();
  status.training_at = in.optional_time();
  status.storing_at = in.optional_time();
  status.finished_at = in.optional_time();
}

void read_status(ColumnReader& in, model::RunStatus& status) {
  read_standing(in, status);
  status.handle = in.text();
  status.slots = in.lines();
  status.exit_code = in.optional_number<int>();
  status.verdict = read_verdict(in);
  status.lost_reason = in.text();
  read_times(in, status);
}

void read_identity(ColumnReader& in, model::TrainingRun& run) {
  run.queue_order = in.number<std::uint64_t>();
  run.id = require(model::RunId::parse(in.text()), "id");
  run.owner = in.text();
  run.created_at = in.time();
}

void read_run(ColumnReader& in, model::TrainingRun& run) {
  read_identity(in, run);
  run.definition_id = in.text();
  run.definition_sha256 = in.text();
  read_brief(in, run.manifest);
  run.modified_at = in.time();
  run.version = in.number<std::uint64_t>();
  read_status(in, run.status);
}

void insert_event(db::Connection& connection, const model::TrainingRun& after,
                  const std::string& event_json) {
  db::Statement& insert =
      connection.prepare("INSERT INTO events (run, version, at, event) VALUES (?, ?, ?, ?)");
  ParameterWriter(insert)
      .put(after.queue_order)
      .put(after.version)
      .put(after.modified_at)
      .put(event_json);
  insert.run();
}

std::string insert_statement() {
  constexpr std::size_t kCount = kFixedColumns.size() + kChangingColumns.size();
  const std::vector<std::string> marks(kCount, "?");
  return fmt::format("INSERT INTO runs ({}, {}) VALUES ({})", fmt::join(kFixedColumns, ", "),
                     fmt::join(kChangingColumns, ", "), fmt::join(marks, ", "));
}

// The secret of its connection, of whichever kind.
Secret& secret_of(model::StoreReference& reference) {
  if (auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    return s3->secret_access_key;
  }
  return std::get<model::SwiftConnection>(reference.connection).password;
}

void remove_keys(model::Manifest& manifest) {
  secret_of(manifest.training_data) = Secret();
  secret_of(manifest.training_results) = Secret();
}

}  // namespace

StoredRun prepare_rows(const model::TrainingRun& run, const Sealer& sealer) {
  StoredRun stored{.run = run,
                   .manifest_json = {},
                   .data_secret = {},
                   .results_secret = {},
                   .shown_manifest = wire::encode_shown(run.manifest, wire::Secrets::Masked)};
  model::Manifest& manifest = stored.run.manifest;
  stored.data_secret = sealer.seal(secret_of(manifest.training_data), data_context(run.id));
  stored.results_secret =
      sealer.seal(secret_of(manifest.training_results), results_context(run.id));
  remove_keys(manifest);
  stored.manifest_json = wire::encode_with_secrets(stored.run.manifest);
  return stored;
}

model::TrainingRun complete(StoredRun stored, const Sealer& sealer) {
  model::TrainingRun& run = stored.run;
  run.manifest = wire::decode_manifest(stored.manifest_json);
  secret_of(run.manifest.training_data) = sealer.open(stored.data_secret, data_context(run.id));
  secret_of(run.manifest.training_results) =
      sealer.open(stored.results_secret, results_context(run.id));
  return std::move(run);
}

std::uint64_t insert_rows(db::Connection& connection, const StoredRun& stored) {
  static const std::string kInsert = insert_statement();
  db::Statement& insert = connection.prepare(kInsert);
  ParameterWriter out(insert);
  put_fixed(out, stored.run);
  put_changing(out, stored.run);
  insert.run();
  const std::int64_t queue_order = connection.last_insert_rowid();

  db::Statement& details = connection.prepare(
      "INSERT INTO run_details "
      "(queue_order, manifest, data_secret, results_secret, last_lines, shown_manifest) "
      "VALUES (?, ?, ?, ?, '', ?)");
  ParameterWriter(details)
      .put(queue_order)
      .put(stored.manifest_json)
      .put_blob(stored.data_secret)
      .put_blob(stored.results_secret)
      .put(stored.shown_manifest);
  details.run();
  return static_cast<std::uint64_t>(queue_order);
}

void update_rows(db::Connection& connection, const model::TrainingRun& before,
                 const model::TrainingRun& after, const std::string& event_json) {
  static const std::string kUpdate = fmt::format("UPDATE runs SET {} = ? WHERE queue_order = ?",
                                                 fmt::join(kChangingColumns, " = ?, "));
  db::Statement& update = connection.prepare(kUpdate);
  ParameterWriter out(update);
  put_changing(out, after);
  out.put(after.queue_order);
  update.run();
  insert_event(connection, after, event_json);
  if (!after.status.verdict || after.status.verdict == before.status.verdict) return;
  db::Statement& lines =
      connection.prepare("UPDATE run_details SET last_lines = ? WHERE queue_order = ?");
  ParameterWriter(lines).put(after.status.verdict->last_lines).put(after.queue_order);
  lines.run();
}

const std::string& selected_columns(RunDetail detail) {
  const auto named = [](std::string_view table, const auto& columns) {
    std::string text;
    for (const std::string_view column : columns) {
      text += fmt::format(", {0}.{1} AS {1}", table, column);
    }
    return text;
  };
  static const std::string kBrief =
      "r.queue_order AS queue_order" + named("r", kFixedColumns) + named("r", kChangingColumns);
  static const std::string kFull = kBrief + named("d", kDetailColumns);
  static const std::string kShown = "r.queue_order AS queue_order" + named("r", kShownColumns) +
                                    ", d.last_lines, d.shown_manifest, "
                                    "CASE d.shown_manifest WHEN '' THEN d.manifest END";
  switch (detail) {
    case RunDetail::Brief:
      return kBrief;
    case RunDetail::Shown:
      return kShown;
    case RunDetail::Whole:
      return kFull;
  }
  return kFull;
}

void read_brief_row(const db::Statement& row, model::TrainingRun& into) {
  ColumnReader in(row);
  read_run(in, into);
}

StoredRun read_full_row(const db::Statement& row) {
  ColumnReader in(row);
  StoredRun stored;
  read_run(in, stored.run);
  stored.manifest_json = in.text();
  stored.data_secret = in.text();
  stored.results_secret = in.text();
  auto lines = in.lines();
  if (stored.run.status.verdict) stored.run.status.verdict->last_lines = std::move(lines);
  return stored;
}

std::string read_shown_row(const db::Statement& row, model::TrainingRun& into) {
  ColumnReader in(row);
  read_identity(in, into);
  into.modified_at = in.time();
  into.version = in.number<std::uint64_t>();
  read_standing(in, into.status);
  into.status.exit_code = in.optional_number<int>();
  into.status.verdict = read_verdict(in);
  read_times(in, into.status);
  auto lines = in.lines();
  if (into.status.verdict) into.status.verdict->last_lines = std::move(lines);
  std::string shown = in.text();
  if (!shown.empty()) return shown;
  return wire::encode_shown(wire::decode_manifest(in.text()), wire::Secrets::Masked);
}

std::optional<StoredRun> find_rows(db::Connection& connection, const std::string& id) {
  static const std::string kFind = fmt::format(
      "SELECT {} FROM runs AS r JOIN run_details AS d ON d.queue_order = r.queue_order "
      "WHERE r.id = ?",
      selected_columns(RunDetail::Whole));
  db::Statement& query = connection.prepare(kFind);
  query.bind(1, id);
  if (!query.step()) return std::nullopt;
  StoredRun stored = read_full_row(query);
  query.reset();
  return stored;
}

}  // namespace trainyard::repository
