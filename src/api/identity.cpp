// Tokens (wml-v3 a.1): both versions' paths, issue by user name and password, refresh by the old
// one. A personal access token may stand in the password's place, for clients that know no other.
#include <fmt/format.h>

#include "accounts/password.hpp"
#include "accounts/session.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "wire/account.hpp"
#include "wire/token.hpp"

namespace trainyard::api {
namespace {

using accounts::Session;

// Anybody may send it: it is never waited for in a worker (the server reads so much before).
constexpr std::size_t kMaxTokenBody = 16 * 1024;

struct Login {
  std::string user;
  Secret password;
};

Login basic_login(const http::Request& request) {
  const auto header = request.headers.get("Authorization");
  if (!header || header->size() < 6 || !iequals(std::string_view(*header).substr(0, 6), "basic ")) {
    throw Error(ErrorKind::Unauthenticated,
                "user name and password are needed (Authorization: Basic); `trainyard env` prints "
                "those of this service");
  }
  const std::string text = with_context("Authorization: Basic", [&] {
    return base64_decode(trim(std::string_view(*header).substr(6)));
  });
  const auto colon = text.find(':');
  return {text.substr(0, colon), Secret(colon == std::string::npos ? "" : text.substr(colon + 1))};
}

[[noreturn]] void refuse_login() {
  throw Error(ErrorKind::Unauthenticated,
              "user name or password is wrong; `trainyard env` prints those of this service");
}

// Takes a try of the user name's and one of the address's; a right password gives both back.
class Guess {
 public:
  Guess(Service& service, const Login& login, const std::string& peer)
      : service_(service), user_(login.user), address_(accounts::throttle_key_of(peer)) {
    const TimePoint now = service.parts.clock.now();
    if (const auto wait = service.guesses_of_user.take(user_, now)) throw Throttled(*wait);
    if (const auto wait = service.guesses_of_address.take(address_, now)) throw Throttled(*wait);
  }
  void was_right() {
    service_.guesses_of_user.give_back(user_);
    service_.guesses_of_address.give_back(address_);
  }

 private:
  Service& service_;
  const std::string user_, address_;
};

Session of_personal_token(Service& service, const Login& login, const accounts::User& user) {
  const auto token = service.parts.accounts.tokens->find_secret(login.password.reveal());
  if (!token || token->owner != user.name || token->expires_at <= service.parts.clock.now()) {
    refuse_login();
  }
  return {user.name, user.generation, token->scope, token->id, token->expires_at};
}

Session log_in(Service& service, const Login& login, const std::string& peer) {
  const auto user = service.parts.accounts.users->find(login.user);
  const bool enabled = user && !user->disabled;
  if (enabled && is_founders_key(service, login.user, login.password))
    return {user->name, user->generation};
  Guess guess(service, login, peer);
  Session session;
  if (enabled && login.password.reveal().starts_with(accounts::AccessTokens::kPrefix)) {
    session = of_personal_token(service, login, *user);
  } else {
    const bool right =
        accounts::verify_password(enabled ? user->password_hash : "", login.password);
    if (!right) refuse_login();
    session = {user->name, user->generation};
  }
  guess.was_right();
  return session;
}

http::Response token_answer(Service& service, const Session& session) {
  auto response =
      json_response(200, wire::encode_token(accounts::issue_session(
                             *service.parts.accounts.keys, session, service.parts.clock.now())));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Answer issue(Service& service, Call& call) {
  const Login login = basic_login(call.request);
  call.caller = {.user = login.user, .credential = "password"};
  return token_answer(service, log_in(service, login, call.request.peer));
}

http::Answer refresh(Service& service, Call& call) {
  const Secret old = wire::decode_token(call.request.body->read_all(kMaxTokenBody));
  const TimePoint now = service.parts.clock.now();
  auto session = accounts::read_session(*service.parts.accounts.keys, old.reveal(), now);
  if (session) call.caller = {.user = session->user, .credential = "session"};
  const auto user = session ? service.parts.accounts.users->find(session->user) : std::nullopt;
  if (!user || user->disabled || user->generation != session->generation ||
      session->expires + accounts::kRenewWindow < now) {
    throw Error(ErrorKind::Unauthenticated, "the token cannot be renewed; log in again");
  }
  session->expires = TimePoint{};
  if (!session->access_token.empty()) {
    const auto token = service.parts.accounts.tokens->find(session->access_token);
    if (!token || token->expires_at <= now) {
      throw Error(ErrorKind::Unauthenticated,
                  "the personal token has expired or was revoked; create a new one");
    }
    session->expires = token->expires_at;
  }
  return token_answer(service, *session);
}

}  // namespace

bool is_founders_key(const Service& service, const std::string& user, const Secret& password) {
  return user == service.options.user && !service.options.password.empty() &&
         password == service.options.password;
}

void add_identity(Routes& routes) {
  for (const char* path : {"/v3/identity/token", "/v2/identity/token"}) {
    routes.add("GET", path, {Access::Anyone, issue});
    routes.add("PUT", path, {Access::Anyone, refresh});
  }
}

}  // namespace trainyard::api
