#include "accounts/session.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/ids.hpp"

namespace trainyard::accounts {
namespace {

constexpr int kMaxDraws = 1000;
constexpr std::size_t kMaxToken = 4096;
constexpr std::size_t kJtiLength = 16;

std::int64_t unix_seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string sign(const Secret& key, std::string_view what) {
  return base64url_encode(hmac_sha256(key.reveal(), what));
}

std::string payload_of(const Session& session, TimePoint now) {
  const TimePoint latest = now + kSessionLifetime;
  const TimePoint expires =
      session.expires == TimePoint{} ? latest : std::min(latest, session.expires);
  nlohmann::json claims = {{"sub", session.user},
                           {"gen", session.generation},
                           {"scope", to_string(session.scope)},
                           {"iat", unix_seconds(now)},
                           {"exp", unix_seconds(expires)},
                           {"jti", random_alphanumeric(kJtiLength)}};
  if (!session.access_token.empty()) claims["pat"] = session.access_token;
  return base64url_encode(claims.dump());
}

// What we signed is what we wrote: it parses. Tokens of before had neither generation nor scope.
Session parse_payload(std::string_view payload) {
  const auto claims = nlohmann::json::parse(base64url_decode(payload));
  return {.user = claims.at("sub").get<std::string>(),
          .generation = claims.value("gen", std::uint64_t{0}),
          .scope = parse_scope(claims.value("scope", "admin")),
          .access_token = claims.value("pat", ""),
          .expires = TimePoint(std::chrono::seconds(claims.at("exp").get<std::int64_t>()))};
}

}  // namespace

Secret issue_session(SigningKeys& keys, const Session& session, TimePoint now) {
  const SigningKey key = keys.current(now);
  const std::string header =
      base64url_encode(nlohmann::json{{"alg", "HS256"}, {"typ", "JWT"}, {"kid", key.id}}.dump());
  std::string payload;
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    payload = payload_of(session, now);
    if (payload.find_first_of("-_") == std::string::npos) break;
  }
  const std::string signed_part = header + "." + payload;
  return Secret(signed_part + "." + sign(key.key, signed_part));
}

std::optional<Session> read_session(SigningKeys& keys, std::string_view token, TimePoint now) {
  if (token.size() > kMaxToken) return std::nullopt;
  const auto last = token.rfind('.');
  const auto first = token.find('.');
  if (last == std::string_view::npos || first == last) return std::nullopt;
  for (const SigningKey& key : keys.accepted(now)) {
    if (constant_time_equal(sign(key.key, token.substr(0, last)), token.substr(last + 1))) {
      return parse_payload(token.substr(first + 1, last - first - 1));
    }
  }
  return std::nullopt;
}

}  // namespace trainyard::accounts
