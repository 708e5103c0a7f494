// GET /v3/models/{id}/monitor[?last=N | offset=N] as a websocket (wml-v3 b.5).
#include "api/guarded_source.hpp"
#include "api/monitor_source.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

constexpr std::uint16_t kNormalClosure = 1000;

// Of the training log: from a byte on, the last lines, or from the beginning.
std::uint64_t first_byte(Service& service, const Call& call, const model::RunId& run) {
  const auto stream = logstore::Stream::Training;
  auto& logs = service.parts.logs;
  if (const auto lines = last_lines(call)) return logs.offset_of_last_lines(run, stream, *lines);
  const auto text = call.request.query.get("offset");
  const auto offset = parse_u64(text.value_or("0"));
  if (!offset) throw Error(ErrorKind::InvalidInput, "offset must be a whole number");
  return *offset;
}

http::Answer monitor(Service& service, Call& call) {
  const auto run = find_run(service, call);
  const auto offset = first_byte(service, call, run.id);
  require_websocket(call, "/v3/models/{id}/logs/training-log.txt?follow=true");
  const MonitorParts parts{service.parts.runs, service.parts.logs, service.parts.hub};
  return http::WebSocketAccept{
      guarded(service, call, run.owner, monitor_run(parts, run.id, offset)), kNormalClosure};
}

}  // namespace

void add_monitor(Routes& routes) {
  routes.add("GET", "/v3/models/{id}/monitor", {Access::User, monitor});
}

}  // namespace trainyard::api
