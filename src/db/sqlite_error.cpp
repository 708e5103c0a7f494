#include "db/sqlite_error.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <string>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::db {

namespace {

ErrorKind kind_of(sqlite3* db, int code) {
  switch (code & 0xff) {  // the low byte is the primary code
    case SQLITE_CONSTRAINT:
      return ErrorKind::Conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::Unavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return ErrorKind::Exhausted;
    case SQLITE_TOOBIG:
      return ErrorKind::TooLarge;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return ErrorKind::Forbidden;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::Corrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return db == nullptr ? ErrorKind::Internal
                           : system_error("", sqlite3_system_errno(db)).kind();
    default:
      return ErrorKind::Internal;
  }
}

// "INSERT INTO runs …": enough to find the statement in the source. It ends before the first
// quote, so that no literal is ever shown.
std::string first_words(std::string_view sql) {
  constexpr std::size_t kWords = 5;
  std::string words;
  std::size_t count = 0;
  for (const std::string& word : split(printable(trim(sql.substr(0, sql.find('\''))), 80), ' ')) {
    if (word.empty()) continue;
    if (count++ == kWords) return words + " …";
    if (!words.empty()) words += ' ';
    words += word;
  }
  return words;
}

}  // namespace

void throw_sqlite(sqlite3* db, int code, std::string_view sql) {
  const char* message = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  throw Error(kind_of(db, code), fmt::format("database: {}: {}", first_words(sql), message));
}

}  // namespace trainyard::db
