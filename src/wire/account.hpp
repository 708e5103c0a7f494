#pragma once
// Users, personal access tokens and the audit log (our additions to the v3 API):
//
//   GET /v3/users               → {"resources":[USER…]}     POST  {"name","role"?,"password"?}
//   GET /v3/users/{name}        → USER                       PATCH {"role"?,"disabled"?}
//   PUT /v3/users/{name}/password  {"password"?,"old_password"?}
//   GET /v3/tokens              → {"resources":[TOKEN…]}    POST  {"name","scope"?,"days"?}
//   GET /v3/audit?last=N        → {"resources":[ENTRY…]}, the oldest first
//
// USER {"name","role","disabled","created_at"}, once with the "password" that was made up for it.
// TOKEN {"id","owner","name","scope","created_at","expires_at"}, once with the "token" itself.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace trainyard::wire {

struct UserView {
  std::string name;
  std::string role;
  bool disabled = false;
  TimePoint created_at;
  Secret password;  // only right after it was made up
};

struct UserRequest {  // what is absent stays as it is, or is chosen by the service
  std::string name;
  std::optional<std::string> role;
  std::optional<bool> disabled;
  Secret password, old_password;
};

struct TokenView {
  std::string id, owner, name, scope;
  TimePoint created_at, expires_at;
  Secret token;  // only right after it was created
};

struct TokenRequest {
  std::string name;
  std::string scope = "read";
  std::uint64_t days = 90;
};

// Who did what: one line of the audit log.
struct AuditEntry {
  TimePoint at;
  std::string actor;       // the user; as claimed when the login failed
  std::string credential;  // "password", "session", "token ID", "none"
  std::string peer;        // "127.0.0.1:51234"
  std::string action;      // "DELETE /v3/models/{id}"
  std::string target;      // the path, or the Location of what was created
  std::string change;      // "role viewer, disabled": what a user was to be, or empty
  int status = 0;
  std::string request_id;
};

std::string encode(const UserView& user);
std::string encode(const UserRequest& request);
std::string encode(const TokenView& token);
std::string encode(const TokenRequest& request);
std::string encode(const AuditEntry& entry);
// {"resources":[…]} of what are JSON objects already.
std::string encode_resources(const std::vector<std::string>& objects);

// All throw InvalidInput, and TooLarge past 64 KiB (a list: 64 MiB).
UserView decode_user(std::string_view json);
UserRequest decode_user_request(std::string_view json);
TokenView decode_account_token(std::string_view json);
TokenRequest decode_token_request(std::string_view json);
std::vector<UserView> decode_users(std::string_view json);
std::vector<TokenView> decode_account_tokens(std::string_view json);
std::vector<AuditEntry> decode_audit(std::string_view json);

}  // namespace trainyard::wire
