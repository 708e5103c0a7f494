#include <algorithm>

#include "accounts/store.hpp"
#include "base/ids.hpp"

namespace trainyard::accounts {
namespace {

constexpr std::size_t kKeyBytes = 32, kIdBytes = 8;

using Keys = std::vector<SigningKey>;  // the newest first

Keys read_all(Store& store) {
  Keys keys;
  auto connection = store.connection.lock();
  db::Statement& row = connection->prepare(
      "SELECT id, key, created_at FROM signing_keys ORDER BY created_at DESC, id");
  while (row.step()) keys.push_back({row.text(0), Secret(row.text(1)), to_time(row.integer(2))});
  row.reset();
  return keys;
}

class SqliteKeys final : public SigningKeys {
 public:
  explicit SqliteKeys(std::shared_ptr<Store> store)
      : store_(std::move(store)), keys_(read_all(*store_)) {}

  SigningKey current(TimePoint now) override {
    auto keys = keys_.lock();
    if (keys->empty() || keys->front().created_at + kSigningAge <= now) add(*keys, now);
    return keys->front();
  }

  std::vector<SigningKey> accepted(TimePoint now) override {
    auto keys = keys_.lock();
    while (keys->size() > 1 && replaced_at(*keys) + kAcceptedAfter <= now) drop_oldest(*keys);
    return *keys;
  }

 private:
  static TimePoint replaced_at(const Keys& keys) { return keys[keys.size() - 2].created_at; }

  void add(Keys& keys, TimePoint now) {
    SigningKey key{random_hex(kIdBytes), Secret(random_hex(kKeyBytes)), now};
    store_->connection.lock()
        ->prepare("INSERT INTO signing_keys (id, key, created_at) VALUES (?, ?, ?)")
        .bind(1, key.id)
        .bind_blob(2, key.key.reveal())
        .bind(3, to_number(now))
        .run();
    keys.insert(keys.begin(), std::move(key));
  }

  void drop_oldest(Keys& keys) {
    store_->connection.lock()
        ->prepare("DELETE FROM signing_keys WHERE id = ?")
        .bind(1, keys.back().id)
        .run();
    keys.pop_back();
  }

  std::shared_ptr<Store> store_;
  Sync<Keys> keys_;
};

}  // namespace

std::unique_ptr<SigningKeys> make_keys(std::shared_ptr<Store> store) {
  return std::make_unique<SqliteKeys>(std::move(store));
}

}  // namespace trainyard::accounts
