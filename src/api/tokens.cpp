#include "api/tokens.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/api.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

constexpr int kMaxDraws = 1000;
constexpr std::size_t kMaxToken = 4096;

std::int64_t unix_seconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string sign(const Secret& key, std::string_view what) {
  return base64url_encode(hmac_sha256(key.reveal(), what));
}

std::string learner_mac(const Secret& key, const model::RunId& run, unsigned attempt) {
  return sign(key, fmt::format("learner\n{}\n{}", run.str(), attempt));
}

}  // namespace

std::string issue_token(const Secret& key, const std::string& user, TimePoint now) {
  const std::string header = base64url_encode(R"({"alg":"HS256","typ":"JWT"})");
  std::string payload;
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    payload = base64url_encode(nlohmann::json{
        {"sub", user},
        {"iat", unix_seconds(now)},
        {"exp", unix_seconds(now + kTokenLifetime)},
        {"jti",
         random_alphanumeric(16)}}.dump());
    if (payload.find_first_of("-_") == std::string::npos) break;
  }
  const std::string signed_part = header + "." + payload;
  return signed_part + "." + sign(key, signed_part);
}

std::optional<TokenClaims> read_token(const Secret& key, std::string_view token) {
  if (token.size() > kMaxToken) return std::nullopt;
  const auto last = token.rfind('.');
  const auto first = token.find('.');
  if (last == std::string_view::npos || first == last) return std::nullopt;
  if (!constant_time_equal(sign(key, token.substr(0, last)), token.substr(last + 1))) {
    return std::nullopt;
  }
  // What we signed is what we wrote: it parses.
  const auto claims =
      nlohmann::json::parse(base64url_decode(token.substr(first + 1, last - first - 1)));
  return TokenClaims{claims.at("sub").get<std::string>(),
                     TimePoint(std::chrono::seconds(claims.at("exp").get<std::int64_t>()))};
}

Secret learner_token(const Secret& signing_key, const model::RunId& run, unsigned attempt) {
  return Secret(fmt::format("{}.{}", attempt, learner_mac(signing_key, run, attempt)));
}

std::optional<LearnerClaims> read_learner_token(const Secret& key, const model::RunId& run,
                                                std::string_view token) {
  const auto dot = token.find('.');
  const auto attempt =
      dot == std::string_view::npos ? std::nullopt : parse_u64(token.substr(0, dot));
  if (!attempt || *attempt > 1'000'000) return std::nullopt;
  const auto number = static_cast<unsigned>(*attempt);
  if (!constant_time_equal(learner_mac(key, run, number), token.substr(dot + 1))) {
    return std::nullopt;
  }
  return LearnerClaims{number};
}

}  // namespace trainyard::api
