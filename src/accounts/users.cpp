#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "accounts/store.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard::accounts {
namespace {

constexpr std::size_t kLongestName = 64;

using Table = std::map<std::string, User, std::less<>>;

[[noreturn]] void throw_no_user(const std::string& name) {
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no user \"{}\"; `trainyard user list` shows those there are",
                          printable(name)));
}

void check_name(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= kLongestName &&
                    name.find_first_not_of(
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-") ==
                        std::string::npos;
  if (fits && name != "." && name != "..") return;
  throw Error(ErrorKind::InvalidInput,
              fmt::format("\"{}\" is no user name: 1 to {} letters, digits and . _ @ -",
                          printable(name), kLongestName));
}

// Not to be met by counting on from that of an earlier user of the name, nor guessed. As many bits
// as a number of JSON is sure to keep.
std::uint64_t first_generation() {
  std::uint64_t number = 0;
  for (const char byte : random_bytes(6)) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

bool governs(const User& user) { return user.role == Role::Admin && !user.disabled; }

void check_governed(const Table& table) {
  if (std::any_of(table.begin(), table.end(), [](const auto& e) { return governs(e.second); })) {
    return;
  }
  throw Error(ErrorKind::Conflict,
              "this is the last admin: make another user an admin first (trainyard user role)");
}

void write(db::Connection& connection, const User& user) {
  connection
      .prepare(
          "INSERT INTO users (name, role, password_hash, disabled, generation, created_at) "
          "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET role = excluded.role, "
          "password_hash = excluded.password_hash, disabled = excluded.disabled, "
          "generation = excluded.generation")
      .bind(1, user.name)
      .bind(2, to_string(user.role))
      .bind(3, user.password_hash)
      .bind(4, std::int64_t{user.disabled})
      .bind(5, static_cast<std::int64_t>(user.generation))
      .bind(6, to_number(user.created_at))
      .run();
}

Table read_all(Store& store) {
  Table table;
  auto connection = store.connection.lock();
  db::Statement& row = connection->prepare(
      "SELECT name, role, password_hash, disabled, generation, created_at FROM users");
  while (row.step()) {
    User user{.name = row.text(0),
              .role = parse_role(row.text(1)),
              .password_hash = row.text(2),
              .disabled = row.integer(3) != 0,
              .generation = static_cast<std::uint64_t>(row.integer(4)),
              .created_at = to_time(row.integer(5))};
    table.emplace(user.name, user);
  }
  row.reset();
  return table;
}

class SqliteUsers final : public Users {
 public:
  explicit SqliteUsers(std::shared_ptr<Store> store)
      : store_(std::move(store)), table_(read_all(*store_)) {}

  std::optional<User> find(const std::string& name) override {
    return table_.with([&](const Table& table) -> std::optional<User> {
      const auto found = table.find(name);
      if (found == table.end()) return std::nullopt;
      return found->second;
    });
  }

  std::vector<User> list() override {
    std::vector<User> result;
    table_.with([&](const Table& table) {
      for (const auto& [name, user] : table) result.push_back(user);
    });
    return result;
  }

  void add(const User& user) override {
    check_name(user.name);
    update([&](Table& table) {
      const auto [added, is_new] = table.emplace(user.name, user);
      if (!is_new) {
        throw Error(ErrorKind::Conflict, fmt::format("there is a user {} already", user.name));
      }
      added->second.generation = first_generation();
      write(*store_->connection.lock(), added->second);
    });
  }

  User change(const std::string& name, const std::function<void(User&)>& apply) override {
    User user;
    update([&](Table& table) {
      const auto found = table.find(name);
      if (found == table.end()) throw_no_user(name);
      apply(found->second);
      check_governed(table);
      user = found->second;
      write(*store_->connection.lock(), user);
    });
    return user;
  }

  void remove(const std::string& name) override {
    update([&](Table& table) {
      if (table.erase(name) == 0) throw_no_user(name);
      check_governed(table);
      store_->connection.lock()->prepare("DELETE FROM users WHERE name = ?").bind(1, name).run();
    });
  }

 private:
  // The table changes when the database has.
  template <typename Change>
  void update(Change change) {
    auto table = table_.lock();
    Table changed = *table;
    change(changed);
    table->swap(changed);
  }

  std::shared_ptr<Store> store_;
  Sync<Table> table_;
};

}  // namespace

std::unique_ptr<Users> make_users(std::shared_ptr<Store> store) {
  return std::make_unique<SqliteUsers>(std::move(store));
}

}  // namespace trainyard::accounts
