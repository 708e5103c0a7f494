#include <fmt/format.h>

#include "repository/columns.hpp"
#include "repository/record.hpp"
#include "repository/sqlite_store.hpp"

namespace trainyard::repository {
namespace {

constexpr std::string_view kColumns = "id, owner, name, entity, created_at, modified_at";

std::string entity_context(const std::string& id) { return id + "/entity"; }

Experiment read_experiment(const db::Statement& row, const Sealer& sealer) {
  ColumnReader in(row);
  Experiment experiment;
  experiment.id = in.text();
  experiment.owner = in.text();
  experiment.name = in.text();
  experiment.entity = sealer.open(in.text(), entity_context(experiment.id));
  experiment.created_at = in.time();
  experiment.modified_at = in.time();
  return experiment;
}

bool exists(db::Connection& connection, const std::string& id) {
  db::Statement& query = connection.prepare("SELECT 1 FROM experiments WHERE id = ?");
  query.bind(1, id);
  const bool found = query.step();
  query.reset();
  return found;
}

class SqliteExperimentRepository final : public ExperimentRepository {
 public:
  explicit SqliteExperimentRepository(std::shared_ptr<SqliteStore> store)
      : store_(std::move(store)) {}

  void create(const Experiment& experiment) override {
    const std::string sealed = seal(experiment);
    store_->writer.run([&](db::Connection& connection) {
      db::Statement& insert = connection.prepare(
          "INSERT INTO experiments (id, owner, name, entity, created_at, modified_at) "
          "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
      ParameterWriter(insert)
          .put(experiment.id)
          .put(experiment.owner)
          .put(experiment.name)
          .put_blob(sealed)
          .put(experiment.created_at)
          .put(experiment.modified_at);
      insert.run();
      if (connection.changes() == 0) throw_experiment_exists(experiment.id);
    });
  }

  std::optional<Experiment> find(const std::string& id) override {
    static const std::string kFind =
        fmt::format("SELECT {} FROM experiments WHERE id = ?", kColumns);
    return store_->readers.run([&](db::Connection& connection) -> std::optional<Experiment> {
      db::Statement& query = connection.prepare(kFind);
      query.bind(1, id);
      if (!query.step()) return std::nullopt;
      return read_experiment(query, store_->sealer);
    });
  }

  ExperimentPage list(const std::string& owner, std::size_t limit,
                      const std::string& start_after) override {
    static const std::string kAll =
        fmt::format("SELECT {} FROM experiments WHERE id > ? ORDER BY id LIMIT ?", kColumns);
    static const std::string kOfOwner = fmt::format(
        "SELECT {} FROM experiments WHERE owner = ? AND id > ? ORDER BY id LIMIT ?", kColumns);
    check_limit(limit);
    const std::string after = decode_experiment_cursor(start_after);
    return store_->readers.run([&](db::Connection& connection) {
      db::Statement& query = connection.prepare(owner.empty() ? kAll : kOfOwner);
      ParameterWriter out(query);
      if (!owner.empty()) out.put(owner);
      out.put(after).put(std::min<std::size_t>(limit, INT32_MAX) + 1);
      ExperimentPage page;
      while (query.step()) {
        if (page.experiments.size() == limit) {
          page.next = encode_experiment_cursor(page.experiments.back().id);
          break;
        }
        page.experiments.push_back(read_experiment(query, store_->sealer));
      }
      return page;
    });
  }

  void update(const Experiment& changed, TimePoint read_at) override {
    const std::string sealed = seal(changed);
    store_->writer.run([&](db::Connection& connection) {
      db::Statement& update = connection.prepare(
          "UPDATE experiments SET name = ?, entity = ?, modified_at = ? "
          "WHERE id = ? AND modified_at = ?");
      ParameterWriter(update)
          .put(changed.name)
          .put_blob(sealed)
          .put(changed.modified_at)
          .put(changed.id)
          .put(read_at);
      update.run();
      if (connection.changes() > 0) return;
      if (!exists(connection, changed.id)) throw_no_experiment(changed.id);
      throw_experiment_changed(changed.id);
    });
  }

  void remove(const std::string& id) override {
    store_->writer.run([&](db::Connection& connection) {
      connection.prepare("DELETE FROM experiments WHERE id = ?").bind(1, id).run();
      if (connection.changes() == 0) throw_no_experiment(id);
    });
  }

 private:
  std::string seal(const Experiment& experiment) const {
    return store_->sealer.seal(experiment.entity, entity_context(experiment.id));
  }

  std::shared_ptr<SqliteStore> store_;
};

}  // namespace

std::unique_ptr<ExperimentRepository> make_sqlite_experiments(std::shared_ptr<SqliteStore> store) {
  return std::make_unique<SqliteExperimentRepository>(std::move(store));
}

}  // namespace trainyard::repository
