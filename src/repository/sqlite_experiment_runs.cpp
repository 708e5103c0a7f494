#include <fmt/format.h>

#include "repository/columns.hpp"
#include "repository/record.hpp"
#include "repository/run_rows.hpp"
#include "repository/sqlite_store.hpp"
#include "wire/learner.hpp"

namespace trainyard::repository {
namespace {

struct Row {
  std::int64_t order = 0;
  ExperimentRun run;
};

constexpr std::string_view kSelect =
    "SELECT creation_order, id, experiment, owner, created_at FROM experiment_runs ";

Row read_row(const db::Statement& row) {
  ColumnReader in(row);
  Row result;
  result.order = in.number<std::int64_t>();
  result.run.id = in.text();
  result.run.experiment_id = in.text();
  result.run.owner = in.text();
  result.run.created_at = in.time();
  return result;
}

// Without the training runs.
std::optional<Row> first_row(db::Statement& query) {
  if (!query.step()) return std::nullopt;
  Row row = read_row(query);
  query.reset();
  return row;
}

void read_members(db::Connection& connection, Row& row) {
  static const std::string kMembers = fmt::format(
      "SELECT {} FROM experiment_members AS m CROSS JOIN runs AS r ON r.queue_order = m.run "
      "WHERE m.experiment_run = ? ORDER BY m.run",
      selected_columns(RunDetail::Brief));
  db::Statement& query = connection.prepare(kMembers);
  query.bind(1, row.order);
  while (query.step()) read_brief_row(query, row.run.runs.emplace_back());
}

std::optional<Row> find_row_by_key(db::Connection& connection, const NewExperimentRun& asked,
                                   TimePoint now) {
  static const std::string kFind =
      fmt::format("{} WHERE owner = ? AND idempotency_key = ? AND created_at > ?", kSelect);
  if (!asked.idempotency_key) return std::nullopt;
  db::Statement& query = connection.prepare(kFind);
  ParameterWriter(query).put(asked.owner).put(*asked.idempotency_key).put(now - kIdempotencyWindow);
  auto row = first_row(query);
  if (!row) return std::nullopt;
  check_same_request(*asked.idempotency_key, row->run.experiment_id == asked.experiment_id);
  read_members(connection, *row);
  return row;
}

// What stood for the key before its window was over.
void release_key(db::Connection& connection, const NewExperimentRun& started) {
  if (!started.idempotency_key) return;
  db::Statement& release = connection.prepare(
      "UPDATE experiment_runs SET idempotency_key = NULL WHERE owner = ? AND idempotency_key = ?");
  ParameterWriter(release).put(started.owner).put(*started.idempotency_key);
  release.run();
}

std::optional<Row> find_by_id(db::Connection& connection, const std::string& id) {
  static const std::string kFind = fmt::format("{} WHERE id = ?", kSelect);
  db::Statement& query = connection.prepare(kFind);
  query.bind(1, id);
  auto row = first_row(query);
  if (row) read_members(connection, *row);
  return row;
}

std::int64_t insert_experiment_run(db::Connection& connection, const NewExperimentRun& started,
                                   TimePoint now) {
  db::Statement& known = connection.prepare("SELECT 1 FROM experiments WHERE id = ?");
  known.bind(1, started.experiment_id);
  const bool found = known.step();
  known.reset();
  if (!found) throw_no_experiment(started.experiment_id);
  release_key(connection, started);
  db::Statement& insert = connection.prepare(
      "INSERT INTO experiment_runs (id, experiment, owner, created_at, idempotency_key) "
      "VALUES (?, ?, ?, ?, ?)");
  ParameterWriter(insert)
      .put(started.id)
      .put(started.experiment_id)
      .put(started.owner)
      .put(now)
      .put(started.idempotency_key);
  insert.run();
  return connection.last_insert_rowid();
}

class SqliteExperimentRunRepository final : public ExperimentRunRepository {
 public:
  explicit SqliteExperimentRunRepository(std::shared_ptr<SqliteStore> store)
      : store_(std::move(store)) {}

  ExperimentRun start(const NewExperimentRun& started, TimePoint now) override {
    check_has_runs(started);
    std::vector<StoredRun> rows;  // sealed before the transaction, which others wait for
    rows.reserve(started.runs.size());
    for (const NewRun& created : started.runs) {
      rows.push_back(prepare_rows(first_version(created, now), store_->sealer));
    }
    ExperimentRun result{.id = started.id,
                         .experiment_id = started.experiment_id,
                         .owner = started.owner,
                         .created_at = now,
                         .runs = {}};
    std::optional<Row> existing;
    store_->writer.run([&](db::Connection& connection) {
      existing = find_row_by_key(connection, started, now);
      if (!existing) insert(connection, started, rows, now);
    });
    if (existing) return std::move(existing->run);
    for (StoredRun& row : rows) {
      make_brief(row.run);
      result.runs.push_back(std::move(row.run));
    }
    return result;
  }

  std::vector<model::TrainingRun> append(const std::string& id, const model::Event& event,
                                         TimePoint now) override {
    const std::string event_json = wire::encode(event);
    std::vector<model::TrainingRun> changed;
    store_->writer.run([&](db::Connection& connection) {
      changed.clear();
      const auto row = find_by_id(connection, id);
      if (!row) throw_no_experiment_run(id);
      for (const model::TrainingRun& run : row->run.runs) {
        auto after = after_event(run, event, run.version, now);
        if (!after) continue;
        update_rows(connection, run, *after, event_json);
        make_brief(changed.emplace_back(std::move(*after)));
      }
    });
    return changed;
  }

  std::optional<ExperimentRun> find(const std::string& id) override {
    auto row =
        store_->readers.run([&](db::Connection& connection) { return find_by_id(connection, id); });
    if (!row) return std::nullopt;
    return std::move(row->run);
  }

  std::optional<ExperimentRun> find_by_key(const NewExperimentRun& asked, TimePoint now) override {
    auto row = store_->readers.run(
        [&](db::Connection& connection) { return find_row_by_key(connection, asked, now); });
    if (!row) return std::nullopt;
    return std::move(row->run);
  }

  ExperimentRunPage list(const std::string& experiment_id, std::size_t limit,
                         const std::string& start_after) override {
    static const std::string kList = fmt::format(
        "{} WHERE experiment = ? AND creation_order > ? ORDER BY creation_order LIMIT ?", kSelect);
    check_limit(limit);
    const std::int64_t after = decode_experiment_run_cursor(start_after);
    return store_->readers.run([&](db::Connection& connection) {
      std::vector<Row> rows;
      db::Statement& query = connection.prepare(kList);
      ParameterWriter(query)
          .put(experiment_id)
          .put(after)
          .put(std::min<std::size_t>(limit, INT32_MAX) + 1);
      while (query.step()) rows.push_back(read_row(query));
      ExperimentRunPage page;
      if (rows.size() > limit) {
        rows.resize(limit);
        page.next = encode_experiment_run_cursor(rows.back().order);
      }
      for (Row& row : rows) {
        read_members(connection, row);
        page.runs.push_back(std::move(row.run));
      }
      return page;
    });
  }

  void remove(const std::string& id) override {
    store_->writer.run([&](db::Connection& connection) {
      connection.prepare("DELETE FROM experiment_runs WHERE id = ?").bind(1, id).run();
      if (connection.changes() == 0) throw_no_experiment_run(id);
    });
  }

 private:
  static void insert(db::Connection& connection, const NewExperimentRun& started,
                     std::vector<StoredRun>& rows, TimePoint now) {
    const std::int64_t order = insert_experiment_run(connection, started, now);
    db::Statement& member =
        connection.prepare("INSERT INTO experiment_members (experiment_run, run) VALUES (?, ?)");
    for (StoredRun& row : rows) {
      row.run.queue_order = insert_rows(connection, row);
      ParameterWriter(member).put(order).put(row.run.queue_order);
      member.run();
    }
  }

  std::shared_ptr<SqliteStore> store_;
};

}  // namespace

std::unique_ptr<ExperimentRunRepository> make_sqlite_experiment_runs(
    std::shared_ptr<SqliteStore> store) {
  return std::make_unique<SqliteExperimentRunRepository>(std::move(store));
}

}  // namespace trainyard::repository
