#include <fmt/format.h>

#include <algorithm>

#include "accounts/store.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard::accounts {
namespace {

constexpr std::size_t kSecretLength = 40;  // of 62 characters each: 238 bits
constexpr std::size_t kIdLength = 10;
constexpr std::string_view kSelect =
    "SELECT id, owner, name, scope, created_at, expires_at FROM tokens ";

AccessToken read_token(const db::Statement& row) {
  return {.id = row.text(0),
          .owner = row.text(1),
          .name = row.text(2),
          .scope = parse_scope(row.text(3)),
          .created_at = to_time(row.integer(4)),
          .expires_at = to_time(row.integer(5))};
}

std::optional<AccessToken> first(db::Statement& row) {
  std::optional<AccessToken> result;
  if (row.step()) result = read_token(row);
  row.reset();
  return result;
}

std::int64_t count_of(db::Connection& connection, const std::string& owner) {
  db::Statement& row = connection.prepare("SELECT count(*) FROM tokens WHERE owner = ?");
  row.bind(1, owner).step();
  const auto count = row.integer(0);
  row.reset();
  return count;
}

class SqliteTokens final : public AccessTokens {
 public:
  explicit SqliteTokens(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  Secret create(AccessToken& token) override {
    const Secret secret(std::string(kPrefix) + random_alphanumeric(kSecretLength));
    token.id = to_lower(random_alphanumeric(kIdLength));
    auto connection = store_->connection.lock();
    db::Transaction transaction(*connection);
    if (count_of(*connection, token.owner) >= static_cast<std::int64_t>(kMostOfOne)) {
      throw Error(
          ErrorKind::Conflict,
          fmt::format(
              "{} has {} tokens already, the most there can be: revoke one that is not used "
              "any more (trainyard token list, trainyard token revoke)",
              token.owner, kMostOfOne));
    }
    insert(*connection, token, secret);
    transaction.commit();
    return secret;
  }

  std::optional<AccessToken> find_secret(std::string_view secret) override {
    static const std::string sql = std::string(kSelect) + "WHERE hash = ?";
    auto connection = store_->connection.lock();
    return first(connection->prepare(sql).bind_blob(1, digest(Digest::Sha256, secret)));
  }

  std::optional<AccessToken> find(const std::string& id) override {
    static const std::string sql = std::string(kSelect) + "WHERE id = ?";
    auto connection = store_->connection.lock();
    return first(connection->prepare(sql).bind(1, id));
  }

  std::vector<AccessToken> list() override {
    static const std::string sql = std::string(kSelect) + "ORDER BY creation_order";
    auto connection = store_->connection.lock();
    std::vector<AccessToken> result;
    db::Statement& row = connection->prepare(sql);
    while (row.step()) result.push_back(read_token(row));
    row.reset();
    return result;
  }

  void revoke(const std::string& id) override {
    auto connection = store_->connection.lock();
    connection->prepare("DELETE FROM tokens WHERE id = ?").bind(1, id).run();
    if (connection->changes() > 0) return;
    throw Error(
        ErrorKind::NotFound,
        fmt::format("there is no token \"{}\"; `trainyard token list` shows those there are",
                    printable(id)));
  }

 private:
  static void insert(db::Connection& connection, const AccessToken& token, const Secret& secret) {
    connection
        .prepare(
            "INSERT INTO tokens (id, owner, name, scope, hash, created_at, expires_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(1, token.id)
        .bind(2, token.owner)
        .bind(3, token.name)
        .bind(4, to_string(token.scope))
        .bind_blob(5, digest(Digest::Sha256, secret.reveal()))
        .bind(6, to_number(token.created_at))
        .bind(7, to_number(token.expires_at))
        .run();
  }

  std::shared_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<AccessTokens> make_tokens(std::shared_ptr<Store> store) {
  return std::make_unique<SqliteTokens>(std::move(store));
}

}  // namespace trainyard::accounts
