#include "accounts/accounts.hpp"

#include <fmt/format.h>

#include <array>

#include "accounts/store.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::accounts {
namespace {

// Times are milliseconds since 1970, UTC.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE users (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tokens (
  creation_order INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX tokens_by_owner ON tokens (owner);

CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY,
  key BLOB NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

constexpr std::array kMigrations{kFirst};

template <typename Value, std::size_t N>
using Names = std::array<std::pair<Value, std::string_view>, N>;
constexpr Names<Role, 3> kRoles = {
    {{Role::Admin, "admin"}, {Role::User, "user"}, {Role::Viewer, "viewer"}}};
constexpr Names<Scope, 3> kScopes = {
    {{Scope::Read, "read"}, {Scope::Write, "write"}, {Scope::Admin, "admin"}}};

template <typename Value, std::size_t N>
std::string_view name_of(const Names<Value, N>& names, Value value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "";
}

template <typename Value, std::size_t N>
Value value_of(const Names<Value, N>& names, std::string_view what, std::string_view text) {
  std::vector<std::string> known;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    known.emplace_back(name);
  }
  throw Error(ErrorKind::InvalidInput, fmt::format("there is no {} \"{}\"; there are {}", what,
                                                   printable(text), join(known, ", ")));
}

void add_founder(db::Connection& connection, const Founder& founder, TimePoint now) {
  db::Transaction transaction(connection);
  db::Statement& any = connection.prepare("SELECT 1 FROM users LIMIT 1");
  const bool founded = any.step();
  any.reset();
  if (!founded) {
    connection
        .prepare(
            "INSERT INTO users (name, role, password_hash, disabled, generation, created_at) "
            "VALUES (?, 'admin', '', 0, 0, ?)")
        .bind(1, founder.user)
        .bind(2, to_number(now))
        .run();
    connection.prepare("INSERT INTO signing_keys (id, key, created_at) VALUES ('first', ?, ?)")
        .bind_blob(1, founder.signing_key.reveal())
        .bind(2, to_number(now))
        .run();
  }
  transaction.commit();
}

}  // namespace

std::string_view to_string(Role role) { return name_of(kRoles, role); }
Role parse_role(std::string_view text) { return value_of(kRoles, "role", text); }
std::string_view to_string(Scope scope) { return name_of(kScopes, scope); }
Scope parse_scope(std::string_view text) { return value_of(kScopes, "scope", text); }

Accounts open_accounts(const std::filesystem::path& path, const Founder& founder, TimePoint now) {
  db::Connection connection({.path = path, .cache_kib = 512});
  db::migrate(connection, path, kMigrations);
  add_founder(connection, founder, now);
  auto store = std::make_shared<Store>(std::move(connection));
  return {.users = make_users(store), .tokens = make_tokens(store), .keys = make_keys(store)};
}

}  // namespace trainyard::accounts
