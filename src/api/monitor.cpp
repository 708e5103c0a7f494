// GET /v3/models/{id}/monitor[?last=N] as a websocket (wml-v3 b.5).
#include "api/monitor_source.hpp"
#include "api/service.hpp"

namespace trainyard::api {
namespace {

constexpr std::uint16_t kNormalClosure = 1000;

http::Answer monitor(Service& service, Call& call) {
  const auto run = find_run(service, call);
  const auto last = last_lines(call);
  require_websocket(call, "/v3/models/{id}/logs/training-log.txt?follow=true");
  const MonitorParts parts{service.parts.runs, service.parts.logs, service.parts.hub};
  return http::WebSocketAccept{monitor_run(parts, run.id, last), kNormalClosure};
}

}  // namespace

void add_monitor(Routes& routes) {
  routes.add("GET", "/v3/models/{id}/monitor", {Access::User, monitor});
}

}  // namespace trainyard::api
