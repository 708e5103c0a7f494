#include "repository/columns.hpp"
#include "repository/record.hpp"
#include "repository/run_list.hpp"
#include "repository/run_rows.hpp"
#include "repository/sqlite_store.hpp"
#include "wire/learner.hpp"

namespace trainyard::repository {
namespace {

void bind_all(db::Statement& statement, const ListStatement& list) {
  int index = 0;
  for (const auto& parameter : list.parameters) {
    std::visit([&](const auto& value) { statement.bind(++index, value); }, parameter);
  }
}

// The run that an idempotency key stands for, while it does.
std::optional<StoredRun> find_rows_by_key(db::Connection& connection, const std::string& owner,
                                          const RequestKey& key, TimePoint now) {
  db::Statement& query = connection.prepare(
      "SELECT r.id, k.asked FROM idempotency_keys AS k JOIN runs AS r ON r.queue_order = k.run "
      "WHERE k.owner = ? AND k.key = ? AND k.at > ?");
  ParameterWriter(query).put(owner).put(key.key).put(now - kIdempotencyWindow);
  if (!query.step()) return std::nullopt;
  const std::string id = query.text(0);
  const std::string asked = query.text(1);
  query.reset();
  check_same_request(key.key, asked.empty() || asked == key.asked);
  return find_rows(connection, id);
}

void insert_key(db::Connection& connection, const NewRun& created, std::uint64_t run,
                TimePoint now) {
  if (!created.idempotency_key) return;
  db::Statement& expire = connection.prepare("DELETE FROM idempotency_keys WHERE at <= ?");
  ParameterWriter(expire).put(now - kIdempotencyWindow);
  expire.run();
  const RequestKey& key = *created.idempotency_key;
  db::Statement& insert = connection.prepare(
      "INSERT INTO idempotency_keys (owner, key, run, at, asked) VALUES (?, ?, ?, ?, ?)");
  ParameterWriter(insert).put(created.owner).put(key.key).put(run).put(now).put_blob(key.asked);
  insert.run();
}

StoredEvent read_event(const db::Statement& row) {
  ColumnReader in(row);
  StoredEvent event;
  event.sequence = in.number<std::uint64_t>();
  event.run = model::RunId::parse(in.text()).value();
  event.version = in.number<std::uint64_t>();
  event.at = in.time();
  event.event = wire::decode_event(in.text());
  return event;
}

db::Statement& query_events(db::Connection& connection, std::uint64_t sequence, std::size_t limit,
                            const std::optional<model::RunId>& run) {
  db::Statement& query =
      run ? connection.prepare(
                "SELECT e.sequence, r.id, e.version, e.at, e.event FROM runs AS r "
                "JOIN events AS e ON e.run = r.queue_order "
                "WHERE r.id = ? AND e.sequence > ? ORDER BY e.version LIMIT ?")
          : connection.prepare(
                "SELECT e.sequence, r.id, e.version, e.at, e.event FROM events AS e "
                "JOIN runs AS r ON r.queue_order = e.run "
                "WHERE e.sequence > ? ORDER BY e.sequence LIMIT ?");
  ParameterWriter out(query);
  if (run) out.put(run->str());
  out.put(std::min<std::uint64_t>(sequence, INT64_MAX))
      .put(std::min<std::size_t>(limit, INT64_MAX));
  return query;
}

class SqliteRunRepository final : public RunRepository {
 public:
  explicit SqliteRunRepository(std::shared_ptr<SqliteStore> store) : store_(std::move(store)) {}

  model::TrainingRun create(const NewRun& created, TimePoint now) override {
    model::TrainingRun run = first_version(created, now);
    const StoredRun rows = prepare_rows(run, store_->sealer);
    std::optional<StoredRun> of_key, of_id;
    store_->writer.run([&](db::Connection& connection) {
      if (created.idempotency_key) {
        of_key = find_rows_by_key(connection, created.owner, *created.idempotency_key, now);
      }
      if (!of_key) of_id = find_rows(connection, created.id.str());
      if (of_key || of_id) return;
      run.queue_order = insert_rows(connection, rows);
      insert_key(connection, created, run.queue_order, now);
    });
    if (of_key) return complete(std::move(*of_key), store_->sealer);
    if (!of_id) return run;
    model::TrainingRun existing = complete(std::move(*of_id), store_->sealer);
    check_same_content(existing, created);
    return existing;
  }

  std::optional<model::TrainingRun> find(const model::RunId& id) override {
    auto stored = store_->readers.run(
        [&](db::Connection& connection) { return find_rows(connection, id.str()); });
    if (!stored) return std::nullopt;
    return complete(std::move(*stored), store_->sealer);
  }

  std::optional<model::TrainingRun> find_by_key(const std::string& owner, const RequestKey& key,
                                                TimePoint now) override {
    auto stored = store_->readers.run(
        [&](db::Connection& connection) { return find_rows_by_key(connection, owner, key, now); });
    if (!stored) return std::nullopt;
    return complete(std::move(*stored), store_->sealer);
  }

  RunPage list(const RunQuery& query) override {
    const auto statement = list_statement(query);
    RunPage page;
    if (!statement) return page;
    page.runs.reserve(std::min(query.limit, kReserved));
    store_->readers.run([&](db::Connection& connection) {
      db::Statement& rows = connection.prepare(statement->sql);
      bind_all(rows, *statement);
      while (rows.step()) {
        if (page.runs.size() == query.limit) {
          page.next = encode_cursor(query.order, page.runs.back());
          break;
        }
        read_row(rows, query.detail, page);
      }
    });
    return page;
  }

  LiveRuns count_live() override {
    return store_->readers.run([](db::Connection& connection) {
      LiveRuns live;
      db::Statement& rows = connection.prepare(live_count_sql());
      while (rows.step()) {
        add(live, model::parse_phase(rows.text(0)).value(),
            model::parse_state(rows.text(1)).value(), static_cast<std::size_t>(rows.integer(2)));
      }
      return live;
    });
  }

  model::TrainingRun append(const model::RunId& id, const model::Event& event,
                            std::uint64_t expected_version, TimePoint now) override {
    const std::string event_json = wire::encode(event);
    std::optional<StoredRun> stored;
    store_->writer.run([&](db::Connection& connection) {
      stored = find_rows(connection, id.str());
      if (!stored) throw_no_run(id);
      auto after = after_event(stored->run, event, expected_version, now);
      if (!after) return;
      update_rows(connection, stored->run, *after, event_json);
      stored->run = std::move(*after);
    });
    return complete(std::move(*stored), store_->sealer);
  }

  std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                        const std::optional<model::RunId>& run) override {
    check_limit(limit);
    return store_->readers.run([&](db::Connection& connection) {
      std::vector<StoredEvent> events;
      db::Statement& query = query_events(connection, sequence, limit, run);
      while (query.step()) events.push_back(read_event(query));
      return events;
    });
  }

  void remove(const std::vector<model::RunId>& ids) override {
    store_->writer.run([&](db::Connection& connection) {
      for (const model::RunId& id : ids) {
        const auto stored = find_rows(connection, id.str());
        if (!stored) continue;
        check_removable(id, stored->run.status);
        db::Statement& remove = connection.prepare("DELETE FROM runs WHERE queue_order = ?");
        ParameterWriter(remove).put(stored->run.queue_order);
        remove.run();
      }
    });
  }

 private:
  void read_row(const db::Statement& row, RunDetail detail, RunPage& page) const {
    switch (detail) {
      case RunDetail::Brief:
        return read_brief_row(row, page.runs.emplace_back());
      case RunDetail::Shown:
        page.shown_manifests.push_back(read_shown_row(row, page.runs.emplace_back()));
        return;
      case RunDetail::Whole:
        page.runs.push_back(complete(read_full_row(row), store_->sealer));
    }
  }

  // Runs of a page that are not moved when it grows; untouched memory costs nothing.
  static constexpr std::size_t kReserved = 10'000;

  std::shared_ptr<SqliteStore> store_;
};

}  // namespace

std::unique_ptr<RunRepository> make_sqlite_runs(std::shared_ptr<SqliteStore> store) {
  return std::make_unique<SqliteRunRepository>(std::move(store));
}

}  // namespace trainyard::repository
