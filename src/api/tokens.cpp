#include "api/tokens.hpp"

#include <fmt/format.h>

#include "api/api.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

std::string sign(const Secret& key, std::string_view what) {
  return base64url_encode(hmac_sha256(key.reveal(), what));
}

std::string learner_mac(const Secret& key, const model::RunId& run, unsigned attempt) {
  return sign(key, fmt::format("learner\n{}\n{}", run.str(), attempt));
}

}  // namespace

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
