#pragma once
// Passwords: argon2id by libsodium, 19 MiB and 2 passes (the first choice of OWASP's list), which
// takes some 30 ms. No more than two are worked on at a time, so that a crowd of logins costs
// waiting and not memory. Thread-safe.
#include <string>

#include "base/secret.hpp"

namespace trainyard::accounts {

inline constexpr std::size_t kLeastPassword = 10, kMostPassword = 1024;  // bytes

// InvalidInput unless it has kLeastPassword to kMostPassword bytes.
void check_password(const Secret& password);
// "$argon2id$v=19$…", with a salt of its own.
std::string hash_password(const Secret& password);
// False for an empty hash, after as long as it takes for another: who guesses does not learn which
// users there are.
bool verify_password(const std::string& hash, const Secret& password);

}  // namespace trainyard::accounts
