#pragma once
// GET and PUT /v3/identity/token (wml-v3 a.1): {"token":"<jwt>"}, as an answer and as the request
// for a fresh one.
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace trainyard::wire {

std::string encode_token(const Secret& token);
Secret decode_token(std::string_view json);  // InvalidInput, also when it is empty

}  // namespace trainyard::wire
