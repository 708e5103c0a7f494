// GET /v3/models/{id}/monitor[?last=N] as a websocket (wml-v3 b.5).
#include <fmt/format.h>

#include "api/monitor_source.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

constexpr std::uint64_t kMostLines = 1000;
constexpr std::uint16_t kNormalClosure = 1000;

std::optional<std::size_t> last_lines(const Call& call) {
  const auto text = call.request.query.get("last");
  if (!text) return std::nullopt;
  const auto lines = parse_u64(*text);
  if (!lines || *lines > kMostLines) {
    throw Error(ErrorKind::InvalidInput, fmt::format("last must be between 0 and {}", kMostLines));
  }
  return *lines;
}

http::Answer monitor(Service& service, Call& call) {
  const auto run = find_run(service, call);
  const auto last = last_lines(call);
  if (!http::is_websocket_upgrade(call.request)) {
    throw Error(ErrorKind::InvalidInput,
                "this is a websocket: connect with an upgrade request, or read "
                "/v3/models/{id}/logs/training-log.txt?follow=true");
  }
  const MonitorParts parts{service.parts.runs, service.parts.logs, service.parts.hub};
  return http::WebSocketAccept{monitor_run(parts, run.id, last), kNormalClosure};
}

}  // namespace

void add_monitor(Routes& routes) {
  routes.add("GET", "/v3/models/{id}/monitor", {Access::User, monitor});
}

}  // namespace trainyard::api
