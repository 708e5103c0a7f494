// Users, for admins; who one is, and one's own password, for everyone (wire/account.hpp).
#include <fmt/format.h>

#include "accounts/password.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "wire/account.hpp"

namespace trainyard::api {
namespace {

using accounts::User;

constexpr std::size_t kPasswordLength = 24;

wire::UserView view(const User& user) {
  return {.name = user.name,
          .role = std::string(to_string(user.role)),
          .disabled = user.disabled,
          .created_at = user.created_at};
}

// For the audit log: "role viewer, disabled".
std::string described(std::optional<accounts::Role> role, std::optional<bool> disabled) {
  std::vector<std::string> parts;
  if (role) parts.push_back(fmt::format("role {}", to_string(*role)));
  if (disabled) parts.emplace_back(*disabled ? "disabled" : "enabled");
  return join(parts, ", ");
}

// Everyone sees themselves; admins see all.
User find(Service& service, const Call& call) {
  const std::string& name = call.param("name");
  if (name == call.caller.user || administers(call.caller)) {
    if (auto user = service.parts.accounts.users->find(name)) return std::move(*user);
  }
  throw Error(
      ErrorKind::NotFound,
      fmt::format("there is no user \"{}\"; `trainyard user list` shows an admin those there are",
                  printable(name)));
}

// Of the one asked for, or of one that is made up and shown in the answer.
std::string hash_of(const Secret& wanted, wire::UserView& answer) {
  if (wanted.empty()) answer.password = Secret(random_alphanumeric(kPasswordLength));
  const Secret& password = wanted.empty() ? answer.password : wanted;
  accounts::check_password(password);
  return accounts::hash_password(password);
}

http::Answer create(Service& service, Call& call) {
  const auto request = wire::decode_user_request(call.request.body->read_all(kMaxJsonBody));
  User user{.name = request.name,
            .role = accounts::parse_role(request.role.value_or("user")),
            .disabled = request.disabled.value_or(false),
            .created_at = service.parts.clock.now()};
  call.change = described(user.role, request.disabled);
  auto answer = view(user);
  user.password_hash = hash_of(request.password, answer);
  service.parts.accounts.users->add(user);
  auto response = json_response(201, wire::encode(answer));
  response.headers.add("Location", "/v3/users/" + percent_encode(user.name));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Answer list(Service& service, Call&) {
  std::vector<std::string> users;
  for (const auto& user : service.parts.accounts.users->list()) {
    users.push_back(wire::encode(view(user)));
  }
  return json_response(200, wire::encode_resources(users));
}

http::Answer read(Service& service, Call& call) {
  return json_response(200, wire::encode(view(find(service, call))));
}

http::Answer change(Service& service, Call& call) {
  const auto name = find(service, call).name;
  const auto request = wire::decode_user_request(call.request.body->read_all(kMaxJsonBody));
  if (!request.password.empty()) {
    throw Error(ErrorKind::InvalidInput, "a password is changed with PUT on its own path");
  }
  const auto role =
      request.role ? std::optional(accounts::parse_role(*request.role)) : std::nullopt;
  call.change = described(role, request.disabled);
  const auto user = service.parts.accounts.users->change(name, [&](User& changed) {
    changed.role = role.value_or(changed.role);
    changed.disabled = request.disabled.value_or(changed.disabled);
  });
  service.logins.changed(user.name);
  return json_response(200, wire::encode(view(user)));
}

// Others' passwords are an admin's to set; one's own needs the old one.
void check_old_password(Service& service, const Call& call, const User& user, const Secret& old) {
  if (call.caller.user != user.name || user.password_hash.empty()) return;
  if (is_founders_key(service, user.name, old)) return;
  if (const auto wait = service.guesses_of_user.take(user.name, service.parts.clock.now())) {
    throw Throttled(*wait);
  }
  if (!accounts::verify_password(user.password_hash, old)) {
    throw Error(ErrorKind::Forbidden,
                "the old password is wrong; an admin can set a new one without it");
  }
  service.guesses_of_user.give_back(user.name);
}

// What was checked and hashed took its time. Who was disabled, got another password or was made
// anew meanwhile keeps that.
void check_same(const User& now, const User& checked) {
  if (now.generation == checked.generation && now.disabled == checked.disabled) return;
  throw Error(ErrorKind::Conflict,
              fmt::format("{} was changed by somebody else at the same time: the password is as it "
                          "was; look at the user and try again",
                          checked.name));
}

// Every session of the user ends; personal tokens stay.
http::Answer change_password(Service& service, Call& call) {
  const auto user = find(service, call);
  const auto request = wire::decode_user_request(call.request.body->read_all(kMaxJsonBody));
  check_old_password(service, call, user, request.old_password);
  auto answer = view(user);
  const auto hash = hash_of(request.password, answer);
  service.parts.accounts.users->change(user.name, [&](User& changed) {
    check_same(changed, user);
    changed.password_hash = hash;
    ++changed.generation;
  });
  service.logins.changed(user.name);
  auto response = json_response(200, wire::encode(answer));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

bool owns_anything(Service& service, const std::string& name) {
  repository::RunQuery query;
  query.owner = name;
  query.limit = 1;
  return !service.parts.runs.list(query).runs.empty() ||
         !service.parts.definitions.list(name, 1, "").definitions.empty() ||
         !service.parts.experiments.list(name, 1, "").experiments.empty();
}

http::Answer remove(Service& service, Call& call) {
  const auto user = find(service, call);
  if (owns_anything(service, user.name)) {
    throw Error(ErrorKind::Conflict,
                fmt::format("{} still owns runs, training definitions or experiments: delete them "
                            "first, or disable the user",
                            user.name));
  }
  service.parts.accounts.users->remove(user.name);
  service.logins.changed(user.name);
  return empty_response(204);
}

}  // namespace

void add_users(Routes& routes) {
  routes.add("GET", "/v3/users", {Access::Admin, list});
  routes.add("POST", "/v3/users", {Access::Admin, create});
  routes.add("GET", "/v3/users/{name}", {Access::Account, read});
  routes.add("PATCH", "/v3/users/{name}", {Access::Admin, change});
  routes.add("DELETE", "/v3/users/{name}", {Access::Admin, remove});
  routes.add("PUT", "/v3/users/{name}/password", {Access::Account, change_password});
}

}  // namespace trainyard::api
