#pragma once
// The tokens that the API gives and takes (wml-v3 a.1): signed, JWT-shaped, read by old clients.
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "model/ids.hpp"

namespace trainyard::api {

inline constexpr Milliseconds kTokenLifetime{12LL * 3600 * 1000};
// An expired token may still be exchanged for a new one for this long.
inline constexpr Milliseconds kRefreshWindow{30LL * 24 * 3600 * 1000};

struct TokenClaims {
  std::string user;
  TimePoint expires;
};

// The middle part never needs the characters in which base64url differs from base64, because an old
// client decodes it with the latter (a.1).
std::string issue_token(const Secret& key, const std::string& user, TimePoint now);
// nullopt when it is not ours or was changed. Says nothing about its expiry.
std::optional<TokenClaims> read_token(const Secret& key, std::string_view token);

struct LearnerClaims {
  unsigned attempt = 0;
};
// nullopt unless the token was made by learner_token() for this run.
std::optional<LearnerClaims> read_learner_token(const Secret& key, const model::RunId& run,
                                                std::string_view token);

}  // namespace trainyard::api
