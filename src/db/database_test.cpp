#include "db/database.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.hpp"

namespace trainyard::db {
namespace {

using testing::HasSubstr;
using testing::Not;

template <typename Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::Internal, "");
}

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

std::int64_t count_runs(Connection& connection) {
  Statement& statement = connection.prepare("SELECT count(*) FROM runs");
  EXPECT_TRUE(statement.step());
  const std::int64_t count = statement.integer(0);
  statement.reset();
  return count;
}

class DatabaseFile : public testing::Test {
 protected:
  Connection open() {
    return Connection({.path = path_, .busy_timeout = std::chrono::milliseconds(20)});
  }
  Connection open_with_table() {
    Connection connection = open();
    connection.execute("CREATE TABLE runs(id TEXT PRIMARY KEY, size INTEGER, note TEXT)");
    return connection;
  }
  static void insert(Connection& connection, std::string_view id) {
    connection.prepare("INSERT INTO runs(id) VALUES (?)").bind(1, id).run();
  }

  TempDir dir_;
  fs::path path_ = dir_.path() / "trainyard.db";
};

Connection memory() { return Connection({.path = ":memory:"}); }

TEST(Connection, ReadsBackEveryTypeOfValue) {
  Connection connection = memory();
  connection.execute("CREATE TABLE t(a, b, c, d, e, f)");
  const std::string blob("\x00\xff\x00", 3), text("nul \0 inside", 12);
  connection.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)")
      .bind(1, std::int64_t{-5'000'000'000})
      .bind(2, text)
      .bind_blob(3, blob)
      .bind_null(4)
      .bind(5, std::optional<std::int64_t>(7))
      .bind(6, std::optional<std::string>())
      .run();
  Statement& row = connection.prepare("SELECT * FROM t");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), -5'000'000'000);
  EXPECT_EQ(row.text(1), text);
  EXPECT_EQ(row.text(2), blob);
  EXPECT_TRUE(row.is_null(3));
  EXPECT_EQ(row.optional_integer(3), std::nullopt);
  EXPECT_EQ(row.optional_integer(4), 7);
  EXPECT_EQ(row.optional_text(5), std::nullopt);
  EXPECT_EQ(row.text(5), "");
  EXPECT_EQ(row.integer(5), 0);
  EXPECT_FALSE(row.step());
}

TEST(Connection, KeepsEmptyTextApartFromNull) {
  Connection connection = memory();
  connection.execute("CREATE TABLE t(a, b)");
  connection.prepare("INSERT INTO t VALUES (?, ?)")
      .bind(1, std::string_view())
      .bind_blob(2, {})
      .run();
  Statement& row = connection.prepare("SELECT a, b, typeof(b) FROM t");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.optional_text(0), "");
  EXPECT_EQ(row.optional_text(1), "");
  EXPECT_EQ(row.text(2), "blob");
}

TEST(Connection, PreparedStatementIsCachedAndComesBackUnbound) {
  Connection connection = memory();
  Statement& first = connection.prepare("SELECT ?");
  first.bind(1, "left over");
  ASSERT_TRUE(first.step());
  Statement& second = connection.prepare("SELECT ?");
  EXPECT_EQ(&first, &second);
  ASSERT_TRUE(second.step());
  EXPECT_TRUE(second.is_null(0));
}

TEST(Connection, StatementOutlivesAMoveOfItsConnection) {
  Connection first = memory();
  first.execute("CREATE TABLE t(a)");
  Statement& statement = first.prepare("SELECT count(*) FROM t");
  Connection second = std::move(first);
  second.execute("INSERT INTO t VALUES (1), (2)");
  EXPECT_EQ(second.changes(), 2);
  EXPECT_EQ(second.last_insert_rowid(), 2);
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.integer(0), 2);
}

TEST(Connection, ConstraintIsAConflictThatDoesNotShowValues) {
  Connection connection = memory();
  connection.execute("CREATE TABLE runs(id TEXT PRIMARY KEY, secret TEXT NOT NULL)");
  const auto insert = [&] {
    connection.prepare("INSERT INTO runs(id, secret) VALUES (?, ?)")
        .bind(1, "training-1")
        .bind(2, "hunter2")
        .run();
  };
  insert();
  const Error e = error_of(insert);
  EXPECT_EQ(e.kind(), ErrorKind::Conflict);
  EXPECT_THAT(e.what(), HasSubstr("INSERT INTO runs(id, secret)"));
  EXPECT_THAT(e.what(), HasSubstr("UNIQUE constraint failed: runs.id"));
  EXPECT_THAT(e.what(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(e.what(), Not(HasSubstr("training-1")));
}

TEST(Connection, ErrorEndsBeforeTheFirstLiteral) {
  Connection connection = memory();
  const Error e = error_of([&] { connection.execute("INSERT INTO gone VALUES ('hunter2')"); });
  EXPECT_EQ(e.kind(), ErrorKind::Internal);
  EXPECT_STREQ(e.what(), "database: INSERT INTO gone VALUES (: no such table: gone");
}

TEST(Connection, FailedStatementCanRunAgain) {
  Connection connection = memory();
  connection.execute("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)");
  Statement& insert = connection.prepare("INSERT INTO t VALUES (?)");
  EXPECT_THROW(insert.bind(1, 1).run(), Error);
  insert.bind(1, 2).run();
  EXPECT_EQ(connection.changes(), 1);
}

TEST(Connection, EnforcesForeignKeys) {
  Connection connection = memory();
  connection.execute(
      "CREATE TABLE a(id INTEGER PRIMARY KEY);"
      "CREATE TABLE b(a INTEGER NOT NULL REFERENCES a(id))");
  EXPECT_EQ(error_of([&] { connection.execute("INSERT INTO b VALUES (1)"); }).kind(),
            ErrorKind::Conflict);
}

TEST(Connection, WrongParameterNumberIsRefused) {
  Connection connection = memory();
  EXPECT_THROW(connection.prepare("SELECT ?").bind(2, 1), Error);
}

TEST_F(DatabaseFile, IsPrivateTogetherWithItsLog) {
  ::umask(0);
  Connection connection = open_with_table();
  ::umask(022);
  EXPECT_EQ(mode_of(path_), 0600u);
  EXPECT_EQ(mode_of(path_.native() + "-wal"), 0600u);
  EXPECT_EQ(mode_of(path_.native() + "-shm"), 0600u);
}

TEST_F(DatabaseFile, NarrowsTheModeOfAnExistingFile) {
  open_with_table();
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  open();
  EXPECT_EQ(mode_of(path_), 0600u);
}

TEST_F(DatabaseFile, UsesTheWantedPragmas) {
  Connection connection = open();
  const auto pragma = [&](std::string_view sql) {
    Statement& statement = connection.prepare(sql);
    return statement.step() ? statement.text(0) : "";
  };
  EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(pragma("PRAGMA synchronous"), "2");
  EXPECT_EQ(pragma("PRAGMA foreign_keys"), "1");
  EXPECT_EQ(pragma("PRAGMA cache_size"), "-2048");
}

TEST_F(DatabaseFile, MissingDirectoryIsNotFoundAndNamed) {
  const fs::path path = dir_.path() / "none" / "x.db";
  const Error e = error_of([&] { Connection({.path = path}); });
  EXPECT_EQ(e.kind(), ErrorKind::NotFound);
  EXPECT_THAT(e.what(), HasSubstr(path.native()));
  EXPECT_EQ(error_of([&] { Connection({.path = path, .read_only = true}); }).kind(),
            ErrorKind::NotFound);
}

TEST_F(DatabaseFile, ReadOnlyConnectionReadsAndRefusesWrites) {
  Connection writer = open_with_table();
  insert(writer, "a");
  Connection reader({.path = path_, .read_only = true});
  EXPECT_EQ(count_runs(reader), 1);
  EXPECT_EQ(error_of([&] { insert(reader, "b"); }).kind(), ErrorKind::Forbidden);
}

TEST_F(DatabaseFile, OtherBytesAreCorrupt) {
  write_file_atomic(path_, std::string(8192, 'x'));
  EXPECT_EQ(error_of([&] { open(); }).kind(), ErrorKind::Corrupt);
}

TEST_F(DatabaseFile, LockNotGotInTimeIsUnavailable) {
  Connection first = open_with_table();
  Connection second = open();
  Transaction transaction(first);
  const Error e = error_of([&] { insert(second, "a"); });
  EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
  EXPECT_TRUE(e.retryable());
  EXPECT_EQ(error_of([&] { Transaction other(second); }).kind(), ErrorKind::Unavailable);
  transaction.commit();
  insert(second, "a");
  EXPECT_EQ(count_runs(first), 1);
}

TEST_F(DatabaseFile, FullDatabaseIsExhaustedAndRollsBack) {
  Connection connection = open_with_table();
  connection.execute("PRAGMA max_page_count = 4");
  const Error e = error_of([&] {
    Transaction transaction(connection);
    insert(connection, std::string(100'000, 'x'));
    transaction.commit();
  });
  EXPECT_EQ(e.kind(), ErrorKind::Exhausted);
  insert(connection, "small");
  EXPECT_EQ(count_runs(connection), 1);
}

TEST_F(DatabaseFile, TransactionRollsBackWhenSomethingIsThrown) {
  Connection connection = open_with_table();
  EXPECT_THROW(
      {
        Transaction transaction(connection);
        insert(connection, "a");
        throw std::runtime_error("in the middle");
      },
      std::runtime_error);
  EXPECT_EQ(count_runs(connection), 0);
  Transaction transaction(connection);
  insert(connection, "b");
  transaction.commit();
  Connection other = open();
  EXPECT_EQ(count_runs(other), 1);
}

TEST_F(DatabaseFile, TransactionsDoNotNest) {
  Connection connection = open_with_table();
  Transaction outer(connection);
  EXPECT_THROW(Transaction inner(connection), Error);
  insert(connection, "a");
  outer.commit();
  EXPECT_EQ(count_runs(connection), 1);
}

// Without the reset the old view would make BEGIN IMMEDIATE fail with SQLITE_BUSY_SNAPSHOT.
TEST_F(DatabaseFile, UnreadRowsDoNotHinderTheNextTransaction) {
  Connection first = open_with_table();
  insert(first, "a");
  insert(first, "b");
  Statement& half_read = first.prepare("SELECT id FROM runs ORDER BY id");
  ASSERT_TRUE(half_read.step());
  Connection second = open();
  insert(second, "c");
  Transaction transaction(first);
  insert(first, "d");
  transaction.commit();
  EXPECT_EQ(count_runs(first), 4);
}

// What a process that is killed leaves: the log of a committed and of an unfinished transaction.
TEST_F(DatabaseFile, CommittedRowsAreThereAfterACrash) {
  const fs::path copy = dir_.path() / "copy.db";
  {
    Connection connection = open_with_table();
    insert(connection, "committed");
    connection.execute("PRAGMA cache_size = 1");  // so that unfinished pages reach the log too
    Transaction unfinished(connection);
    for (int i = 0; i < 500; ++i) insert(connection, std::to_string(i));
    fs::copy_file(path_.native() + "-wal", copy.native() + "-wal");
    fs::copy_file(path_, copy);
  }
  Connection recovered({.path = copy});
  EXPECT_EQ(count_runs(recovered), 1);
}

}  // namespace
}  // namespace trainyard::db
