// GET /v3/status: what the machine offers, who holds it, and what its owner should know.
// GET /healthz: the process answers. GET /readyz: its database too.
#include "wire/status.hpp"

#include "api/service.hpp"

namespace trainyard::api {
namespace {

// Whose slot it is shows only to those who see the run.
std::string holder(Service& service, const Call& call, const std::optional<model::RunId>& id) {
  if (!id) return "";
  if (call.caller.role != accounts::Role::User) return id->str();
  const auto run = service.parts.runs.find(*id);
  return run && sees(call.caller, run->owner) ? id->str() : "a run of another user";
}

http::Answer status(Service& service, Call& call) {
  const auto capacity = service.parts.scheduler.capacity();
  wire::ServiceStatus view;
  view.version = service.options.version;
  view.started_at = service.started;
  view.instance = service.options.instance_id;
  view.store_url = service.options.store_url;
  view.cores = capacity.cores;
  view.memory_bytes = capacity.memory_bytes;
  view.note = capacity.note;
  view.warnings = service.options.warnings;
  const auto runs = service.parts.runs.count_live();
  view.queued = runs.pending;
  view.active = runs.running;
  for (const auto& use : service.parts.scheduler.slots()) {
    view.slots.push_back({.id = use.slot.id,
                          .gpu = use.slot.gpu,
                          .model = use.slot.model,
                          .memory_bytes = use.slot.memory_bytes,
                          .held_by = holder(service, call, use.held_by),
                          .unavailable = use.slot.unavailable});
  }
  return json_response(200, wire::encode(view));
}

http::Answer healthy(Service&, Call&) { return json_response(200, R"({"ok":"true"})"); }

http::Answer ready(Service& service, Call& call) {
  repository::RunQuery query;
  query.limit = 1;
  service.parts.runs.list(query);
  return healthy(service, call);
}

}  // namespace

void add_status(Routes& routes) {
  routes.add("GET", "/v3/status", {Access::User, status});
  routes.add("GET", "/healthz", {Access::Anyone, healthy});
  routes.add("GET", "/readyz", {Access::Anyone, ready});
}

}  // namespace trainyard::api
