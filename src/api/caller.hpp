#pragma once
// Who makes a call, and what they may do. Admins see and touch everything, users what is theirs,
// viewers see everything and touch nothing.
#include <cstdint>
#include <optional>
#include <string>

#include "accounts/accounts.hpp"
#include "http/server.hpp"

namespace trainyard::api {

struct Service;
struct Call;

enum class Access {
  Anyone,   // checks itself, or needs nothing
  User,     // to read: every user; to change: users and admins
  Account,  // every user about themselves; to change: not with a personal token
  Admin,
};

struct Caller {
  std::string user;        // empty for Access::Anyone
  std::string credential;  // "password", "session", "token ID", "none": for the audit log
  accounts::Role role = accounts::Role::Viewer;
  accounts::Scope scope = accounts::Scope::Read;
  std::string access_token;  // id of the personal token that stands behind it, or empty
  std::optional<std::uint64_t> generation = {};  // of a session
};

// From "Authorization: Bearer", a session or a personal access token. Unauthenticated, with what to
// do, when it is neither, has expired, was revoked, or its user is gone or disabled.
Caller authenticate(Service& service, const http::Request& request);
// Forbidden, with the reason, when the caller may not do `method` on an endpoint of this access.
void check_access(const Caller& caller, Access access, const std::string& method);

// An admin, with a login that may act as one: users, tokens of others and the audit log are theirs.
bool administers(const Caller& caller);

// What is owned by `owner` exists for the caller.
bool sees(const Caller& caller, const std::string& owner);
// Is the caller's login still good for what is owned by `owner`? False once the user is gone,
// disabled or sees it no more, the session's password was changed, or the token revoked; that a
// session or token ran out meanwhile does not count.
bool still_sees(Service& service, const Caller& caller, const std::string& owner);
// Whose things a list shows: one owner's, or everyone's. `?owner=NAME` narrows it; Forbidden when
// that is another's and the caller sees only their own.
std::optional<std::string> shown_owner(const Call& call);

}  // namespace trainyard::api
