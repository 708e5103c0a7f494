#include <sqlite3.h>

#include "db/database.hpp"

namespace trainyard::db {

namespace {

// A SELECT that was not read to its end keeps its old view of the data: the write lock could not
// be had on top of it, and the log behind it could not be checkpointed.
void reset_statements(sqlite3* db) {
  for (sqlite3_stmt* stmt = sqlite3_next_stmt(db, nullptr); stmt != nullptr;
       stmt = sqlite3_next_stmt(db, stmt)) {
    if (sqlite3_stmt_busy(stmt)) sqlite3_reset(stmt);
  }
}

}  // namespace

Transaction::Transaction(Connection& connection) : connection_(connection) {
  reset_statements(connection.handle());
  connection.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  sqlite3* db = connection_.handle();
  // Some failures (a full disk) make SQLite roll back by itself.
  if (done_ || sqlite3_get_autocommit(db)) return;
  reset_statements(db);
  sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  reset_statements(connection_.handle());
  connection_.execute("COMMIT");
  done_ = true;
}

}  // namespace trainyard::db
