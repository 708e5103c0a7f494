#pragma once
// SQLite, wrapped: owners for connection, statement and transaction, bound values, migrations.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace trainyard::db {

enum class Durability { Full, Normal };  // PRAGMA synchronous

struct OpenOptions {
  std::filesystem::path path;  // ":memory:" for a private one
  bool read_only = false;
  Durability durability = Durability::Full;
  std::chrono::milliseconds busy_timeout{5000};
  std::int64_t cache_kib = 2048;
};

class Statement;

// One connection, one thread at a time (guard it with Sync, or keep one per thread).
// WAL mode, foreign keys on, mode 0600 files. Throws Error: Conflict for a constraint,
// Unavailable for a lock not got in time, Exhausted for a full disk, TooLarge for a value past
// SQLite's limits, NotFound and Forbidden for the file, Corrupt, Internal. The text names the
// statement's first words and SQLite's message, never a bound value.
class Connection {
 public:
  explicit Connection(const OpenOptions& options);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  void execute(std::string_view sql);  // one or more statements without parameters
  // A cached prepared statement, reset and unbound. It stays valid for the connection's life, so
  // `sql` is fixed text with parameters, never built from values; do not nest two uses of the same
  // SQL. Rows left unread hold a read lock: reset() then, or let the next Transaction do it.
  Statement& prepare(std::string_view sql);
  // All statements, so that rows left unread hold no lock any more.
  void reset_statements();
  std::int64_t last_insert_rowid() const;
  std::int64_t changes() const;  // rows that the last INSERT, UPDATE or DELETE touched
  sqlite3* handle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* stmt);  // takes over `stmt`
  Statement(const Statement&) = delete;
  ~Statement();
  // Positional parameters from 1. Each returns *this.
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);  // copied; also with NUL bytes
  Statement& bind(int index, const std::string& text) {
    return bind(index, std::string_view(text));
  }
  Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
  Statement& bind(int index, std::optional<std::int64_t> value);
  Statement& bind(int index, const std::optional<std::string>& text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);
  bool step();  // true: a row; false: the end, and the next step() would run it again
  void run();   // step to the end and reset, for statements without rows
  // Columns of the current row, from 0. NULL reads as 0 and "".
  std::int64_t integer(int column) const;
  std::string text(int column) const;  // also for blobs
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_text(int column) const;
  bool is_null(int column) const;
  void reset();

 private:
  friend class Connection;
  sqlite3* db_;
  sqlite3_stmt* stmt_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back in the destructor unless commit() was called. Both ends
// reset the connection's statements, so read rows to their end inside. Does not nest.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  Transaction(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Connection& connection_;
  bool done_ = false;
};

// migrations[i] brings schema version i to i+1 (kept in PRAGMA user_version), each in one
// transaction: one that fails leaves the version before it. Foreign keys are not enforced while a
// migration runs (it may rebuild tables) but are checked before it is committed. Before the first
// one on a file that has data a snapshot "<path>.v<version>.bak" is written; ":memory:" has none. A
// newer schema than migrations.size() throws Conflict and changes nothing. Two processes may
// migrate the same file at once; each step happens once.
void migrate(Connection& connection, const std::filesystem::path& path,
             std::span<const std::string_view> migrations);

}  // namespace trainyard::db
