// GET /metrics: the service in Prometheus's text format. It names no run and no user.
#include <fmt/format.h>

#include <iterator>

#include "api/metrics.hpp"
#include "api/service.hpp"

namespace trainyard::api {
namespace {

std::string run_metrics(Service& service) {
  std::size_t held = 0, unavailable = 0;
  const auto slots = service.parts.scheduler.slots();
  for (const auto& use : slots) {
    held += use.held_by.has_value();
    unavailable += !use.held_by && !use.slot.unavailable.empty();
  }
  const auto runs = service.parts.runs.count_live();
  std::string text = fmt::format(
      "# HELP trainyard_runs Runs that have not ended.\n# TYPE trainyard_runs gauge\n"
      "trainyard_runs{{state=\"pending\"}} {}\ntrainyard_runs{{state=\"running\"}} {}\n"
      "# HELP trainyard_queue_length Runs that wait for slots.\n"
      "# TYPE trainyard_queue_length gauge\ntrainyard_queue_length {}\n"
      "# HELP trainyard_slots GPUs, or shares of the cores.\n# TYPE trainyard_slots gauge\n"
      "trainyard_slots{{state=\"held\"}} {}\ntrainyard_slots{{state=\"free\"}} {}\n"
      "trainyard_slots{{state=\"unavailable\"}} {}\n"
      "# HELP trainyard_runs_ended_total Runs that ended since the service started.\n"
      "# TYPE trainyard_runs_ended_total counter\n",
      runs.pending, runs.running, runs.queued, held, slots.size() - held - unavailable,
      unavailable);
  for (const auto& [state, count] : service.parts.hub.ended()) {
    fmt::format_to(std::back_inserter(text), "trainyard_runs_ended_total{{state=\"{}\"}} {}\n",
                   to_string(state), count);
  }
  return text;
}

http::Answer metrics(Service& service, Call&) {
  http::Response response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.body = process_metrics() + run_metrics(service) + service.metrics.text();
  return response;
}

}  // namespace

void add_metrics(Routes& routes) { routes.add("GET", "/metrics", {Access::Anyone, metrics}); }

}  // namespace trainyard::api
