#pragma once
// Notes in the audit log what changes something, and who logged in or failed to.
#include <string>

#include "api/service.hpp"

namespace trainyard::api {

// `pattern` is the route's, "/v3/models/{id}"; `created` the Location of the answer, or empty.
// Never throws: what cannot be noted goes to the service's log.
void note(Service& service, const Call& call, const std::string& pattern, int status,
          const std::string& created) noexcept;

}  // namespace trainyard::api
