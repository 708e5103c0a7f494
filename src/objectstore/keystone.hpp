#pragma once
// What is said to Keystone and what it answers, as text. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore::keystone {

enum class Scope {
  Project,  // of the options, or the user's own
  None,     // good for asking which projects there are
};
// The body of POST /v3/auth/tokens: a password and what the token is for. It holds the password.
std::string token_request(const SwiftOptions& options, Scope scope);

struct Granted {
  TimePoint expires;
  std::optional<TimePoint> issued;  // by the same clock, which need not be ours
  std::string storage_url;          // of the object store in the region, without '/' at the end
};
// Throws Corrupt for what is no such answer, InvalidInput when the catalogue has no object store,
// or none in the region (the sentence names those that there are).
Granted read_token(std::string_view body, const std::string& region);

// Whether it is a refusal in Keystone's own words.
bool is_error(std::string_view body);

// Of GET /v3/auth/projects, for a sentence: "'train' (420ab8bb)", the first ten. Empty when the
// text is no such answer.
std::vector<std::string> read_projects(std::string_view body);

}  // namespace trainyard::objectstore::keystone
