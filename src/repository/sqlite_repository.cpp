#include "repository/sqlite_repository.hpp"

#include <fmt/format.h>

#include "repository/schema.hpp"
#include "repository/sqlite_store.hpp"

namespace trainyard::repository {
namespace {

constexpr std::string_view kKeyCheck = "key check";

void check_pages(db::Connection& connection, const std::filesystem::path& path) {
  db::Statement& check = connection.prepare("PRAGMA quick_check(1)");
  const std::string found = check.step() ? check.text(0) : "no answer";
  check.reset();
  if (found == "ok") return;
  throw Error(ErrorKind::Corrupt,
              fmt::format("the database {} is damaged ({}); stop the service and put a copy back, "
                          "or save what can be read with: sqlite3 {} .recover",
                          path.native(), found, path.native()));
}

// A secret of ours tells whether the key is the one that sealed those of the runs.
void check_key(db::Connection& connection, const std::filesystem::path& path,
               const Sealer& sealer) {
  db::Transaction transaction(connection);
  db::Statement& query = connection.prepare("SELECT value FROM meta WHERE name = ?");
  query.bind(1, kKeyCheck);
  if (!query.step()) {
    connection.prepare("INSERT INTO meta (name, value) VALUES (?, ?)")
        .bind(1, kKeyCheck)
        .bind_blob(2, sealer.seal(Secret(std::string(kKeyCheck)), kKeyCheck))
        .run();
    return transaction.commit();
  }
  try {
    sealer.open(query.text(0), kKeyCheck);
  } catch (const Error&) {
    throw Error(ErrorKind::Conflict,
                fmt::format("the secrets in {} were sealed with another key: put the key file back "
                            "that belongs to this database",
                            path.native()));
  }
}

}  // namespace

Repositories open_sqlite_repositories(const std::filesystem::path& path, Sealer sealer) {
  db::Connection connection({.path = path});
  db::migrate(connection, path, migrations());
  check_pages(connection, path);
  check_key(connection, path, sealer);
  auto store = std::make_shared<SqliteStore>(std::move(connection), path, std::move(sealer));
  return {.runs = make_sqlite_runs(store),
          .definitions = make_sqlite_definitions(store),
          .experiments = make_sqlite_experiments(store),
          .experiment_runs = make_sqlite_experiment_runs(store)};
}

}  // namespace trainyard::repository
