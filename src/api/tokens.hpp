#pragma once
// The tokens of learners: signed, good for one attempt of one run, without an end.
#include <optional>
#include <string_view>

#include "base/secret.hpp"
#include "model/ids.hpp"

namespace trainyard::api {

struct LearnerClaims {
  unsigned attempt = 0;
};
// nullopt unless the token was made by learner_token() for this run.
std::optional<LearnerClaims> read_learner_token(const Secret& key, const model::RunId& run,
                                                std::string_view token);

}  // namespace trainyard::api
