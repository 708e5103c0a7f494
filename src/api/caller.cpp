#include "api/caller.hpp"

#include <fmt/format.h>

#include "accounts/session.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

using accounts::Role;
using accounts::Scope;

[[noreturn]] void refuse(const char* sentence) {
  throw Error(ErrorKind::Unauthenticated, sentence);
}

bool reads(const std::string& method) { return method == "GET" || method == "HEAD"; }

accounts::User enabled_user(Service& service, const std::string& name) {
  auto user = service.parts.accounts.users->find(name);
  if (!user || user->disabled) refuse("the user is disabled or gone; ask an admin");
  return std::move(*user);
}

accounts::AccessToken valid_token(const std::optional<accounts::AccessToken>& token,
                                  TimePoint now) {
  if (!token) refuse("the personal token is not known; it was revoked, or mistyped");
  if (token->expires_at <= now) refuse("the personal token has expired; create a new one");
  return *token;
}

Caller of_token(Service& service, std::string_view secret) {
  const auto token =
      valid_token(service.parts.accounts.tokens->find_secret(secret), service.parts.clock.now());
  const auto user = enabled_user(service, token.owner);
  return {user.name, "token " + token.id, user.role, token.scope, token.id, std::nullopt};
}

Caller of_session(Service& service, std::string_view text) {
  const TimePoint now = service.parts.clock.now();
  const auto session = accounts::read_session(*service.parts.accounts.keys, text, now);
  if (!session) refuse("the token is not one of this service");
  if (session->expires <= now) refuse("the token has expired; get a new one");
  const auto user = enabled_user(service, session->user);
  if (user.generation != session->generation) refuse("the password has changed; log in again");
  std::string credential = "session";
  if (!session->access_token.empty()) {
    valid_token(service.parts.accounts.tokens->find(session->access_token), now);
    credential = "token " + session->access_token;
  }
  return {user.name,      std::move(credential), user.role,
          session->scope, session->access_token, session->generation};
}

}  // namespace

Caller authenticate(Service& service, const http::Request& request) {
  const auto token = bearer_token(request);
  if (!token) {
    refuse(
        "this needs a token: GET /v3/identity/token with user name and password (Basic), then send "
        "it as Authorization: Bearer <token>");
  }
  return token->starts_with(accounts::AccessTokens::kPrefix) ? of_token(service, *token)
                                                             : of_session(service, *token);
}

void check_access(const Caller& caller, Access access, const std::string& method) {
  const auto forbid = [](const char* sentence) { throw Error(ErrorKind::Forbidden, sentence); };
  if (access == Access::Anyone) return;
  if (access == Access::Admin) {
    if (caller.role != Role::Admin) forbid("only an admin may do this: ask one");
    if (caller.scope < Scope::Admin) forbid("the personal token's scope is not admin");
    return;
  }
  if (reads(method)) return;
  if (access == Access::Account) {
    if (!caller.access_token.empty()) forbid("this needs your password, not a personal token");
    return;
  }
  if (caller.role == Role::Viewer) forbid("you are a viewer: you may read, and change nothing");
  if (caller.scope < Scope::Write) forbid("the personal token's scope is read");
}

bool administers(const Caller& caller) {
  return caller.role == Role::Admin && caller.scope >= Scope::Admin;
}

bool sees(const Caller& caller, const std::string& owner) {
  return caller.role != Role::User || caller.user == owner;
}

bool still_sees(Service& service, const Caller& caller, const std::string& owner) {
  const auto& accounts = service.parts.accounts;
  const auto user = accounts.users->find(caller.user);
  if (!user || user->disabled) return false;
  if (caller.generation && *caller.generation != user->generation) return false;
  if (!caller.access_token.empty() && !accounts.tokens->find(caller.access_token)) return false;
  Caller now = caller;
  now.role = user->role;
  return sees(now, owner);
}

std::optional<std::string> shown_owner(const Call& call) {
  const auto wanted = call.request.query.get("owner");
  if (wanted && !sees(call.caller, *wanted)) {
    throw Error(ErrorKind::Forbidden, "only what is yours is shown to you");
  }
  if (wanted) return wanted;
  return call.caller.role == Role::User ? std::optional(call.caller.user) : std::nullopt;
}

}  // namespace trainyard::api
