#pragma once
// Who may use the service: users with roles, their personal access tokens, and the keys that sign
// sessions. One SQLite database; what is asked for with every request is kept in memory. Every call
// is one transaction, durable when it returns, and thread-safe.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace trainyard::accounts {

// Admin: everything, and every run of everyone. User: runs of their own. Viewer: sees every run and
// changes none.
enum class Role { Admin, User, Viewer };
std::string_view to_string(Role role);   // "admin", "user", "viewer"
Role parse_role(std::string_view text);  // InvalidInput naming the three

// What a credential is good for; each includes those before it.
enum class Scope { Read, Write, Admin };
std::string_view to_string(Scope scope);   // "read", "write", "admin"
Scope parse_scope(std::string_view text);  // InvalidInput naming the three

struct User {
  std::string name;  // 1 to 64 of A-Za-z0-9._@-
  Role role = Role::User;
  std::string password_hash;  // empty: no password is right
  bool disabled = false;
  std::uint64_t generation = 0;  // sessions of another one are not valid
  TimePoint created_at;
};

class Users {
 public:
  virtual ~Users() = default;
  virtual std::optional<User> find(const std::string& name) = 0;
  virtual std::vector<User> list() = 0;  // by name
  // InvalidInput for the name; Conflict: there is one. The generation is made up here: sessions of
  // an earlier user of that name stay those of the earlier one.
  virtual void add(const User& user) = 0;
  // `apply` changes the user as they are now, and nobody else does meanwhile: it sets what it means
  // to change, looks at what it relies on, and may throw to leave all as it was. Keep it short, and
  // call nothing of this class in it. Returns the user as changed. NotFound; Conflict when no admin
  // who is not disabled would be left.
  virtual User change(const std::string& name, const std::function<void(User&)>& apply) = 0;
  virtual void remove(const std::string& name) = 0;  // with their tokens; as change()
};

struct AccessToken {
  std::string id;  // short, to name it by
  std::string owner;
  std::string name;  // what it is for, in its owner's words
  Scope scope = Scope::Read;
  TimePoint created_at;
  TimePoint expires_at;
};

class AccessTokens {
 public:
  static constexpr std::string_view kPrefix = "trn_";
  static constexpr std::size_t kMostOfOne = 100;
  virtual ~AccessTokens() = default;
  // Makes up the token and returns it; only its hash is kept. `id` is chosen here. Conflict past
  // kMostOfOne; NotFound: no such owner.
  virtual Secret create(AccessToken& token) = 0;
  // Says nothing about its expiry.
  virtual std::optional<AccessToken> find_secret(std::string_view secret) = 0;
  virtual std::optional<AccessToken> find(const std::string& id) = 0;
  virtual std::vector<AccessToken> list() = 0;     // by creation
  virtual void revoke(const std::string& id) = 0;  // NotFound
};

struct SigningKey {
  std::string id;
  Secret key;
  TimePoint created_at;
};

// A key signs for `kSigningAge`, then a new one is made; the old one is accepted for as long as a
// token that it signed may be used or renewed (`kAcceptedAfter`), then dropped.
class SigningKeys {
 public:
  static constexpr Milliseconds kSigningAge{30LL * 24 * 3600 * 1000};
  static constexpr Milliseconds kAcceptedAfter{31LL * 24 * 3600 * 1000};
  virtual ~SigningKeys() = default;
  virtual SigningKey current(TimePoint now) = 0;
  virtual std::vector<SigningKey> accepted(TimePoint now) = 0;  // the newest first
};

struct Accounts {
  std::unique_ptr<Users> users;
  std::unique_ptr<AccessTokens> tokens;
  std::unique_ptr<SigningKeys> keys;
};

// What a state directory of before has: its one user, and the key that signed their sessions.
// They are taken over into a database that is new.
struct Founder {
  std::string user;
  Secret signing_key;
};

// A file of mode 0600, or ":memory:" for a private one. A database without users gets the founder
// as its admin, without a password.
Accounts open_accounts(const std::filesystem::path& path, const Founder& founder, TimePoint now);

}  // namespace trainyard::accounts
