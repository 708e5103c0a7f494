#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <unordered_map>

#include "db/database.hpp"
#include "db/sqlite_error.hpp"

namespace trainyard::db {

namespace {

constexpr std::string_view kMemory = ":memory:";
// A log that grew past this in one burst is cut back at the next checkpoint.
constexpr std::int64_t kWalBytesKept = 16 << 20;

struct CloseConnection {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
using Handle = std::unique_ptr<sqlite3, CloseConnection>;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
using StatementCache =
    std::unordered_map<std::string, std::unique_ptr<Statement>, TextHash, std::equal_to<>>;

// Creates the file with its mode before SQLite would create it with the umask's, and narrows an
// existing one; SQLite gives the log files beside it the same mode. Never through a descriptor:
// closing one drops the locks that another connection of this process has on the file.
void ensure_private_file(const std::filesystem::path& path) {
  if (::mknod(path.c_str(), S_IFREG | 0600, 0) == 0) return;
  if (errno != EEXIST) throw_errno("create the database " + path.native());
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) throw_errno("open the database " + path.native());
  if ((info.st_mode & 0077) != 0 && ::chmod(path.c_str(), 0600) != 0) {
    throw_errno("set the mode of the database " + path.native());
  }
}

Handle open_handle(const OpenOptions& options) {
  if (options.path != kMemory && !options.read_only) ensure_private_file(options.path);
  const int access = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(options.path.c_str(), &raw,
                                   access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Handle handle(raw);
  if (code != SQLITE_OK) throw_sqlite(raw, code, "open");
  return handle;
}

int milliseconds(std::chrono::milliseconds duration) {
  return static_cast<int>(
      std::clamp<std::int64_t>(duration.count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace

struct Connection::Impl {
  Handle handle;
  StatementCache statements;  // after the handle: finalized before it is closed

  void configure(Connection& connection, const OpenOptions& options);
  void use_wal(Connection& connection);
};

void Connection::Impl::configure(Connection& connection, const OpenOptions& options) {
  sqlite3* db = handle.get();
  sqlite3_busy_timeout(db, milliseconds(options.busy_timeout));
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  connection.execute(
      fmt::format("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA synchronous = {};"
                  "PRAGMA cache_size = -{}; PRAGMA journal_size_limit = {};",
                  options.durability == Durability::Full ? "FULL" : "NORMAL", options.cache_kib,
                  kWalBytesKept));
  if (options.path != kMemory && !options.read_only) use_wal(connection);
}

void Connection::Impl::use_wal(Connection& connection) {
  Statement& pragma = connection.prepare("PRAGMA journal_mode = WAL");
  const std::string mode = pragma.step() ? pragma.text(0) : "";
  pragma.reset();
  if (mode != "wal") {
    throw Error(ErrorKind::Unsupported,
                "this file system cannot hold a database in WAL mode; keep it on a local disk");
  }
}

Connection::Connection(const OpenOptions& options) : impl_(std::make_unique<Impl>()) {
  with_context(options.path.native(), [&] {
    impl_->handle = open_handle(options);
    impl_->configure(*this, options);
  });
}

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

void Connection::execute(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_sqlite(handle(), code, sql);
}

Statement& Connection::prepare(std::string_view sql) {
  if (const auto found = impl_->statements.find(sql); found != impl_->statements.end()) {
    sqlite3_reset(found->second->stmt_);
    sqlite3_clear_bindings(found->second->stmt_);
    return *found->second;
  }
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) throw_sqlite(handle(), code, sql);
  auto statement = std::make_unique<Statement>(handle(), raw);
  return *impl_->statements.emplace(sql, std::move(statement)).first->second;
}

// A SELECT that was not read to its end keeps its old view of the data: the write lock could not
// be had on top of it, and the log behind it could not be checkpointed.
void Connection::reset_statements() {
  for (sqlite3_stmt* stmt = sqlite3_next_stmt(handle(), nullptr); stmt != nullptr;
       stmt = sqlite3_next_stmt(handle(), stmt)) {
    if (sqlite3_stmt_busy(stmt)) sqlite3_reset(stmt);
  }
}

std::int64_t Connection::last_insert_rowid() const { return sqlite3_last_insert_rowid(handle()); }

std::int64_t Connection::changes() const { return sqlite3_changes64(handle()); }

sqlite3* Connection::handle() const { return impl_->handle.get(); }

}  // namespace trainyard::db
