// GET /v3/audit?last=N: who did what, for admins (wire/account.hpp).
#include "api/audit.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "wire/account.hpp"

namespace trainyard::api {
namespace {

constexpr std::uint64_t kLines = 100, kMostLines = 10'000;

// Reading is not noted, nor what learners report of their runs: the event log has that. Nor is what
// strangers can do without end: calls of nobody, and guesses that were not even looked at.
bool worth_noting(const Call& call, const std::string& pattern, int status) {
  if (call.caller.user.empty() || status == 429) return false;
  const bool login = pattern.ends_with("/identity/token");
  const bool read = call.request.method == "GET" || call.request.head();
  return login || (!read && !pattern.starts_with("/v3/learners/"));
}

http::Answer list(Service& service, Call& call) {
  const auto text = call.request.query.get("last");
  const auto count = text ? parse_u64(*text) : kLines;
  if (!count || *count > kMostLines) {
    throw Error(ErrorKind::InvalidInput, fmt::format("last must be between 0 and {}", kMostLines));
  }
  return json_response(200, wire::encode_resources(service.parts.audit.last(*count)));
}

}  // namespace

void note(Service& service, const Call& call, const std::string& pattern, int status,
          const std::string& created) noexcept {
  try {
    if (!worth_noting(call, pattern, status)) return;
    const auto& request = call.request;
    service.parts.audit.append(
        {.at = service.parts.clock.now(),
         .actor = printable(call.caller.user),
         .credential = call.caller.credential.empty() ? "none" : call.caller.credential,
         .peer = request.peer,
         .action = request.method + " " + pattern,
         .target = printable(created.empty() ? request.raw_path : created),
         .change = call.change,
         .status = status,
         .request_id = request.request_id});
  } catch (const std::exception& e) {
    log::error("the audit log misses an entry: {}", e.what());
  }
}

void add_audit(Routes& routes) { routes.add("GET", "/v3/audit", {Access::Admin, list}); }

}  // namespace trainyard::api
