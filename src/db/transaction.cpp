#include <sqlite3.h>

#include "db/database.hpp"

namespace trainyard::db {

Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection.reset_statements();
  connection.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  sqlite3* db = connection_.handle();
  // Some failures (a full disk) make SQLite roll back by itself.
  if (done_ || sqlite3_get_autocommit(db)) return;
  connection_.reset_statements();
  sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  connection_.reset_statements();
  connection_.execute("COMMIT");
  done_ = true;
}

}  // namespace trainyard::db
