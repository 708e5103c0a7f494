// Tokens (wml-v3 a.1): both versions' paths, issue by user name and password, refresh by the old
// one.
#include "api/service.hpp"
#include "api/tokens.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "wire/token.hpp"

namespace trainyard::api {
namespace {

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

http::Response token_answer(const Service& service, const std::string& user) {
  const auto token = issue_token(service.options.signing_key, user, service.parts.clock.now());
  return json_response(200, wire::encode_token(Secret(token)));
}

http::Answer issue(Service& service, Call& call) {
  const Login login = basic_login(call.request);
  if (login.user != service.options.user || !(login.password == service.options.password)) {
    throw Error(ErrorKind::Unauthenticated,
                "user name or password is wrong; `trainyard env` prints those of this service");
  }
  return token_answer(service, login.user);
}

http::Answer refresh(Service& service, Call& call) {
  const Secret old = wire::decode_token(call.request.body->read_all(kMaxJsonBody));
  const auto claims = read_token(service.options.signing_key, old.reveal());
  const TimePoint now = service.parts.clock.now();
  if (!claims || claims->user != service.options.user || claims->expires + kRefreshWindow < now) {
    throw Error(ErrorKind::Unauthenticated, "the token cannot be renewed; log in again");
  }
  return token_answer(service, claims->user);
}

}  // namespace

void add_identity(Routes& routes) {
  for (const char* path : {"/v3/identity/token", "/v2/identity/token"}) {
    routes.add("GET", path, {Access::Anyone, issue});
    routes.add("PUT", path, {Access::Anyone, refresh});
  }
}

}  // namespace trainyard::api
