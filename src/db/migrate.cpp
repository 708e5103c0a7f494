#include <fmt/format.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/files.hpp"
#include "base/log.hpp"
#include "db/database.hpp"
#include "db/sqlite_error.hpp"

namespace trainyard::db {

namespace {

std::int64_t read_integer(Connection& connection, std::string_view sql) {
  Statement& statement = connection.prepare(sql);
  const std::int64_t value = statement.step() ? statement.integer(0) : 0;
  statement.reset();
  return value;
}

std::size_t schema_version(Connection& connection) {
  return static_cast<std::size_t>(read_integer(connection, "PRAGMA user_version"));
}

bool has_data(Connection& connection) {
  return read_integer(connection, "SELECT count(*) FROM sqlite_schema") > 0;
}

void refuse_newer(std::size_t version, std::size_t known) {
  if (version <= known) return;
  throw Error(ErrorKind::Conflict,
              fmt::format("the database has schema version {}, made by a newer Trainyard; this "
                          "one knows versions up to {}. Start the newer program again, or put a "
                          "snapshot \"….v{}.bak\" from before the upgrade in its place",
                          version, known, known));
}

void copy_pages(sqlite3* from, sqlite3* to) {
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr) throw_sqlite(to, sqlite3_errcode(to), "snapshot");
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) throw_sqlite(to, code, "snapshot");
}

// Whole or absent: copied in a directory beside its place, then renamed. It reads through a
// connection of its own, because the caller's holds the write lock; that lock also makes the
// directory ours alone, so what a crash left in it can go.
void write_snapshot(const fs::path& path, std::size_t version) {
  const fs::path target = fmt::format("{}.v{}.bak", path.native(), version);
  const fs::path directory = path.native() + ".snapshot";
  const fs::path copy = directory / "copy";
  remove_tree(directory);
  make_private_dir(directory);
  {
    const Connection source({.path = path, .read_only = true});
    const Connection destination({.path = copy});
    copy_pages(source.handle(), destination.handle());
  }
  fsync_path(copy);
  if (::rename(copy.c_str(), target.c_str()) != 0) throw_errno("write " + target.native());
  fsync_path(fs::absolute(target).parent_path());
  remove_tree(directory);
  log::info("Kept a snapshot of the database before its upgrade: {}", target.native());
}

// A migration that rebuilds a table drops the old one, which would delete what refers to it.
class ForeignKeysOff {
 public:
  explicit ForeignKeysOff(Connection& connection) : connection_(connection) {
    connection_.execute("PRAGMA foreign_keys = OFF");
  }
  ForeignKeysOff(const ForeignKeysOff&) = delete;
  ~ForeignKeysOff() {
    sqlite3_exec(connection_.handle(), "PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr);
  }

 private:
  Connection& connection_;
};

void check_foreign_keys(Connection& connection) {
  Statement& statement = connection.prepare("PRAGMA foreign_key_check");
  const bool broken = statement.step();
  const std::string table = broken ? statement.text(0) : "";
  statement.reset();
  if (broken) {
    throw Error(ErrorKind::Corrupt,
                fmt::format("rows of table {} refer to rows that do not exist", table));
  }
}

// Applies the next migration; false when there is none.
bool migrate_one(Connection& connection, const fs::path& path,
                 std::span<const std::string_view> migrations, bool& snapshot_kept) {
  Transaction transaction(connection);
  const std::size_t version = schema_version(connection);  // another process may have been faster
  refuse_newer(version, migrations.size());
  if (version == migrations.size()) return false;
  if (!snapshot_kept && path != ":memory:" && has_data(connection)) write_snapshot(path, version);
  snapshot_kept = true;
  with_context(fmt::format("migration to schema version {}", version + 1), [&] {
    connection.execute(migrations[version]);
    check_foreign_keys(connection);
    connection.execute(fmt::format("PRAGMA user_version = {}", version + 1));
    transaction.commit();
  });
  return true;
}

}  // namespace

void migrate(Connection& connection, const std::filesystem::path& path,
             std::span<const std::string_view> migrations) {
  with_context(path.native(), [&] {
    const std::size_t version = schema_version(connection);
    refuse_newer(version, migrations.size());
    if (version == migrations.size()) return;
    const ForeignKeysOff guard(connection);
    bool snapshot_kept = false;
    while (migrate_one(connection, path, migrations, snapshot_kept)) {
    }
  });
}

}  // namespace trainyard::db
