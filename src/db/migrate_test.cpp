#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <barrier>
#include <thread>

#include "base/files.hpp"
#include "db/database.hpp"

namespace trainyard::db {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 3> kMigrations{
    "CREATE TABLE runs(id INTEGER PRIMARY KEY); INSERT INTO runs VALUES (1)",
    "ALTER TABLE runs ADD COLUMN name TEXT; UPDATE runs SET name = 'first'",
    "CREATE INDEX by_name ON runs(name)",
};

std::string value_of(Connection& connection, std::string_view sql) {
  Statement& statement = connection.prepare(sql);
  const std::string value = statement.step() ? statement.text(0) : "";
  statement.reset();
  return value;
}

std::string version_of(Connection& connection) {
  return value_of(connection, "PRAGMA user_version");
}

class Migrate : public testing::Test {
 protected:
  void migrate_to(std::size_t version) {
    migrate(connection_, path_, std::span(kMigrations).first(version));
  }
  fs::path snapshot(int version) const {
    return path_.native() + ".v" + std::to_string(version) + ".bak";
  }
  // The names beside the database, so that a test sees what was left behind.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TempDir dir_;
  fs::path path_ = dir_.path() / "x.db";
  Connection connection_{{.path = path_}};
};

TEST_F(Migrate, BringsAnEmptyFileUpWithoutSnapshot) {
  migrate_to(3);
  EXPECT_EQ(version_of(connection_), "3");
  EXPECT_EQ(value_of(connection_, "SELECT name FROM runs"), "first");
  EXPECT_THAT(files(), testing::UnorderedElementsAre("x.db", "x.db-wal", "x.db-shm"));
}

TEST_F(Migrate, TwiceIsOnce) {
  migrate_to(3);
  migrate_to(3);
  EXPECT_EQ(value_of(connection_, "SELECT count(*) FROM runs"), "1");
  EXPECT_FALSE(fs::exists(snapshot(3)));
}

TEST_F(Migrate, KeepsAPrivateSnapshotOfTheVersionBefore) {
  migrate_to(1);
  connection_.execute("INSERT INTO runs VALUES (2)");
  migrate_to(3);
  EXPECT_THAT(files(),
              testing::UnorderedElementsAre("x.db", "x.db-wal", "x.db-shm", "x.db.v1.bak"));
  struct stat info {};
  ASSERT_EQ(::stat(snapshot(1).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  Connection before({.path = snapshot(1)});
  EXPECT_EQ(version_of(before), "1");
  EXPECT_EQ(value_of(before, "SELECT count(*) FROM runs"), "2");
  EXPECT_EQ(value_of(before, "SELECT count(*) FROM pragma_table_info('runs')"), "1");
}

TEST_F(Migrate, ReplacesTheSnapshotOfAnEarlierAttempt) {
  migrate_to(1);
  write_file_atomic(snapshot(1), "old");
  make_private_dir(path_.native() + ".snapshot");
  write_file_atomic(fs::path(path_.native() + ".snapshot") / "copy", "half written");
  migrate_to(2);
  Connection before({.path = snapshot(1)});
  EXPECT_EQ(version_of(before), "1");
  EXPECT_FALSE(fs::exists(path_.native() + ".snapshot"));
}

TEST_F(Migrate, FailureMidwayLeavesTheVersionBefore) {
  migrate_to(1);
  const std::array<std::string_view, 3> broken{
      kMigrations[0], kMigrations[1],
      "CREATE TABLE half_done(id); INSERT INTO runs(id) VALUES (9); SELECT * FROM nowhere"};
  try {
    migrate(connection_, path_, broken);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr(path_.native()));
    EXPECT_THAT(e.what(), HasSubstr("migration to schema version 3"));
    EXPECT_THAT(e.what(), HasSubstr("no such table: nowhere"));
  }
  EXPECT_EQ(version_of(connection_), "2");
  EXPECT_EQ(value_of(connection_, "SELECT count(*) FROM runs"), "1");
  EXPECT_EQ(value_of(connection_, "SELECT count(*) FROM sqlite_schema WHERE name = 'half_done'"),
            "0");
  EXPECT_EQ(value_of(connection_, "PRAGMA foreign_keys"), "1");
  migrate_to(3);
  EXPECT_EQ(version_of(connection_), "3");
}

TEST_F(Migrate, RefusesANewerSchemaAndChangesNothing) {
  migrate_to(3);
  try {
    migrate_to(2);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Conflict);
    EXPECT_THAT(e.what(), HasSubstr("schema version 3"));
    EXPECT_THAT(e.what(), HasSubstr("up to 2"));
  }
  EXPECT_EQ(version_of(connection_), "3");
  EXPECT_FALSE(fs::exists(snapshot(3)));
}

constexpr std::string_view kParentAndChild =
    "CREATE TABLE parent(id INTEGER PRIMARY KEY);"
    "CREATE TABLE child(id INTEGER PRIMARY KEY,"
    "  parent INTEGER NOT NULL REFERENCES parent(id) ON DELETE CASCADE);"
    "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)";

TEST_F(Migrate, RebuildOfATableKeepsWhatRefersToIt) {
  const std::array<std::string_view, 2> rebuild{
      kParentAndChild,
      "CREATE TABLE renewed(id INTEGER PRIMARY KEY, extra TEXT);"
      "INSERT INTO renewed(id) SELECT id FROM parent;"
      "DROP TABLE parent; ALTER TABLE renewed RENAME TO parent"};
  migrate(connection_, path_, rebuild);
  EXPECT_EQ(value_of(connection_, "SELECT count(*) FROM child"), "1");
  EXPECT_THROW(connection_.execute("INSERT INTO child VALUES (2, 99)"), Error);
}

TEST_F(Migrate, RefusesToLeaveRowsThatReferToNothing) {
  const std::array<std::string_view, 2> careless{kParentAndChild, "DELETE FROM parent"};
  try {
    migrate(connection_, path_, careless);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    EXPECT_THAT(e.what(), HasSubstr("child"));
  }
  EXPECT_EQ(version_of(connection_), "1");
  EXPECT_EQ(value_of(connection_, "SELECT count(*) FROM parent"), "1");
}

TEST_F(Migrate, WorksInMemory) {
  Connection memory({.path = ":memory:"});
  migrate(memory, ":memory:", std::span(kMigrations).first(1));
  migrate(memory, ":memory:", kMigrations);
  EXPECT_EQ(version_of(memory), "3");
  EXPECT_FALSE(fs::exists(":memory:.v1.bak"));
}

TEST_F(Migrate, TwoAtOnceDoEachStepOnce) {
  std::barrier start(2);
  const auto work = [&] {
    Connection connection({.path = path_});
    start.arrive_and_wait();
    migrate(connection, path_, kMigrations);
  };
  std::jthread first(work);
  work();
  first.join();
  EXPECT_EQ(version_of(connection_), "3");
  EXPECT_EQ(value_of(connection_, "SELECT count(*) FROM runs"), "1");
}

}  // namespace
}  // namespace trainyard::db
