#pragma once
// The database that the parts of src/accounts share. Internal.
#include <memory>

#include "accounts/accounts.hpp"
#include "base/sync.hpp"
#include "db/database.hpp"

namespace trainyard::accounts {

struct Store {
  explicit Store(db::Connection opened) : connection(std::move(opened)) {}
  Sync<db::Connection> connection;
};

std::unique_ptr<Users> make_users(std::shared_ptr<Store> store);
std::unique_ptr<AccessTokens> make_tokens(std::shared_ptr<Store> store);
std::unique_ptr<SigningKeys> make_keys(std::shared_ptr<Store> store);

inline std::int64_t to_number(TimePoint time) { return time.time_since_epoch().count(); }
inline TimePoint to_time(std::int64_t number) { return TimePoint(Milliseconds(number)); }

}  // namespace trainyard::accounts
