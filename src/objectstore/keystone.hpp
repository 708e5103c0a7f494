#pragma once
// What is said to Keystone and what it answers, as text. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore::keystone {

// The body of POST /v3/auth/tokens: a password, scoped to the project when there is one. It holds
// the password.
std::string token_request(const SwiftOptions& options);

struct Granted {
  TimePoint expires;
  std::string storage_url;  // of the object store in the region, without '/' at the end
};
// Throws Corrupt for what is no such answer, InvalidInput when the catalogue has no object store,
// or none in the region (the sentence names those that there are).
Granted read_token(std::string_view body, const std::string& region);

}  // namespace trainyard::objectstore::keystone
