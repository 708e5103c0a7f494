#pragma once
// The tokens that stand for a session (wml-v3 a.1): JWT-shaped and signed (HS256), read by old
// clients, which renew them when they near their end.
#include <optional>
#include <string>
#include <string_view>

#include "accounts/accounts.hpp"

namespace trainyard::accounts {

inline constexpr Milliseconds kSessionLifetime{12LL * 3600 * 1000};
// An expired token may still be exchanged for a new one for this long.
inline constexpr Milliseconds kRenewWindow{30LL * 24 * 3600 * 1000};

struct Session {
  std::string user;
  std::uint64_t generation = 0;
  Scope scope = Scope::Admin;
  std::string access_token;  // id of the personal token that it was opened with, or empty
  TimePoint expires;
};

// `session.expires` is set to kSessionLifetime from now, or what it says when that is sooner and
// not 0. The middle part never needs the characters in which base64url differs from base64, because
// an old client decodes it with the latter.
Secret issue_session(SigningKeys& keys, const Session& session, TimePoint now);
// nullopt when no key of ours signed it, or it was changed. Says nothing about its expiry.
std::optional<Session> read_session(SigningKeys& keys, std::string_view token, TimePoint now);

}  // namespace trainyard::accounts
