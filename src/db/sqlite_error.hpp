#pragma once
// SQLite's result codes as Errors.
#include <string_view>

struct sqlite3;

namespace trainyard::db {

// Throws for the failure `code` of `sql` on `db` (may be null when opening ran out of memory).
[[noreturn]] void throw_sqlite(sqlite3* db, int code, std::string_view sql);

}  // namespace trainyard::db
