#include "wire/account.hpp"

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kOne = 64 << 10, kList = 64 << 20;

UserView read_user(const JsonObject& in) {
  return {.name = in.text("name"),
          .role = in.text("role"),
          .disabled = in.flag("disabled"),
          .created_at = in.time("created_at"),
          .password = in.secret_or_empty("password")};
}

TokenView read_token(const JsonObject& in) {
  return {.id = in.text("id"),
          .owner = in.text("owner"),
          .name = in.text_or_empty("name"),
          .scope = in.text("scope"),
          .created_at = in.time("created_at"),
          .expires_at = in.time("expires_at"),
          .token = in.secret_or_empty("token")};
}

AuditEntry read_entry(const JsonObject& in) {
  return {.at = in.time("at"),
          .actor = in.text("actor"),
          .credential = in.text_or_empty("credential"),
          .peer = in.text_or_empty("peer"),
          .action = in.text("action"),
          .target = in.text_or_empty("target"),
          .change = in.text_or_empty("change"),
          .status = in.number<int>("status"),
          .request_id = in.text_or_empty("request_id")};
}

template <typename Read>
auto read_list(std::string_view json, std::string_view what, Read read) {
  std::vector<decltype(read(std::declval<JsonObject>()))> result;
  for (const JsonObject& in : JsonObject::parse(json, what, kList).objects("resources")) {
    result.push_back(read(in));
  }
  return result;
}

}  // namespace

std::string encode(const UserView& user) {
  JsonWriter out;
  out.begin_object()
      .field("name", user.name)
      .field("role", user.role)
      .field("disabled", user.disabled)
      .field("created_at", user.created_at)
      .text_unless_empty("password", user.password.reveal())
      .end_object();
  return out.take();
}

std::string encode(const UserRequest& request) {
  JsonWriter out;
  out.begin_object()
      .text_unless_empty("name", request.name)
      .field("role", request.role)
      .field("disabled", request.disabled)
      .text_unless_empty("password", request.password.reveal())
      .text_unless_empty("old_password", request.old_password.reveal())
      .end_object();
  return out.take();
}

std::string encode(const TokenView& token) {
  JsonWriter out;
  out.begin_object()
      .field("id", token.id)
      .field("owner", token.owner)
      .field("name", token.name)
      .field("scope", token.scope)
      .field("created_at", token.created_at)
      .field("expires_at", token.expires_at)
      .text_unless_empty("token", token.token.reveal())
      .end_object();
  return out.take();
}

std::string encode(const TokenRequest& request) {
  JsonWriter out;
  out.begin_object()
      .field("name", request.name)
      .field("scope", request.scope)
      .field("days", request.days)
      .end_object();
  return out.take();
}

std::string encode(const AuditEntry& entry) {
  JsonWriter out;
  out.begin_object()
      .field("at", entry.at)
      .field("actor", entry.actor)
      .field("credential", entry.credential)
      .field("peer", entry.peer)
      .field("action", entry.action)
      .field("target", entry.target)
      .text_unless_empty("change", entry.change)
      .field("status", entry.status)
      .field("request_id", entry.request_id)
      .end_object();
  return out.take();
}

std::string encode_resources(const std::vector<std::string>& objects) {
  JsonWriter out;
  out.begin_object().key("resources").begin_array();
  for (const auto& object : objects) out.raw(object);
  out.end_array().end_object();
  return out.take();
}

UserView decode_user(std::string_view json) {
  return read_user(JsonObject::parse(json, "user", kOne));
}

UserRequest decode_user_request(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "user", kOne);
  UserRequest request{.name = in.text_or_empty("name"),
                      .role = in.optional_text("role"),
                      .disabled = std::nullopt,
                      .password = in.secret_or_empty("password"),
                      .old_password = in.secret_or_empty("old_password")};
  if (in.has("disabled")) request.disabled = in.flag("disabled");
  return request;
}

TokenView decode_account_token(std::string_view json) {
  return read_token(JsonObject::parse(json, "token", kOne));
}

TokenRequest decode_token_request(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "token", kOne);
  TokenRequest request;
  request.name = in.text_or_empty("name");
  request.scope = in.optional_text("scope").value_or(request.scope);
  request.days = in.optional_number<std::uint64_t>("days").value_or(request.days);
  return request;
}

std::vector<UserView> decode_users(std::string_view json) {
  return read_list(json, "users", read_user);
}
std::vector<TokenView> decode_account_tokens(std::string_view json) {
  return read_list(json, "tokens", read_token);
}
std::vector<AuditEntry> decode_audit(std::string_view json) {
  return read_list(json, "audit log", read_entry);
}

}  // namespace trainyard::wire
