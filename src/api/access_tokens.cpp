// Personal access tokens (wire/account.hpp): everyone's own; admins see and revoke all.
#include <fmt/format.h>

#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"
#include "wire/account.hpp"

namespace trainyard::api {
namespace {

using accounts::AccessToken;

constexpr std::uint64_t kMostDays = 3650;
constexpr std::size_t kLongestName = 200;

wire::TokenView view(const AccessToken& token) {
  return {.id = token.id,
          .owner = token.owner,
          .name = token.name,
          .scope = std::string(to_string(token.scope)),
          .created_at = token.created_at,
          .expires_at = token.expires_at};
}

bool may_manage(const Caller& caller, const AccessToken& token) {
  return administers(caller) || token.owner == caller.user;
}

AccessToken find(Service& service, const Call& call) {
  const auto token = service.parts.accounts.tokens->find(call.param("id"));
  if (token && may_manage(call.caller, *token)) return *token;
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no token \"{}\"; `trainyard token list` shows those there are",
                          printable(call.param("id"))));
}

void check(const wire::TokenRequest& request) {
  if (request.days < 1 || request.days > kMostDays) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("days must be between 1 and {}, not {}", kMostDays, request.days));
  }
  if (request.name.size() > kLongestName) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("the name is longer than {} bytes", kLongestName));
  }
}

http::Answer create(Service& service, Call& call) {
  const auto request = wire::decode_token_request(call.request.body->read_all(kMaxJsonBody));
  check(request);
  const TimePoint now = service.parts.clock.now();
  AccessToken token{.owner = call.caller.user,
                    .name = request.name,
                    .scope = accounts::parse_scope(request.scope),
                    .created_at = now,
                    .expires_at = now + std::chrono::hours(24) * request.days};
  const Secret secret = service.parts.accounts.tokens->create(token);
  auto answer = view(token);
  answer.token = secret;
  auto response = json_response(201, wire::encode(answer));
  response.headers.add("Location", "/v3/tokens/" + token.id);
  response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Answer list(Service& service, Call& call) {
  std::vector<std::string> tokens;
  for (const auto& token : service.parts.accounts.tokens->list()) {
    if (may_manage(call.caller, token)) tokens.push_back(wire::encode(view(token)));
  }
  return json_response(200, wire::encode_resources(tokens));
}

http::Answer read(Service& service, Call& call) {
  return json_response(200, wire::encode(view(find(service, call))));
}

http::Answer revoke(Service& service, Call& call) {
  const auto token = find(service, call);
  service.parts.accounts.tokens->revoke(token.id);
  service.logins.changed(token.owner);
  return empty_response(204);
}

}  // namespace

void add_access_tokens(Routes& routes) {
  routes.add("GET", "/v3/tokens", {Access::Account, list});
  routes.add("POST", "/v3/tokens", {Access::Account, create});
  routes.add("GET", "/v3/tokens/{id}", {Access::Account, read});
  routes.add("DELETE", "/v3/tokens/{id}", {Access::Account, revoke});
}

}  // namespace trainyard::api
