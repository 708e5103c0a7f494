// Runs of an experiment (wml-v3 b.7): /v3/experiments/{id}/runs.
#include <fmt/format.h>

#include <algorithm>

#include "api/conditional.hpp"
#include "api/experiment_monitor.hpp"
#include "api/experiments.hpp"
#include "api/guarded_source.hpp"
#include "api/submit.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "wire/experiment.hpp"
#include "wire/experiment_run.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kPage = 50;
constexpr std::size_t kLargestLimit = 1000;
// A run has up to a thousand training runs, each of which is shown: more runs take a page more.
constexpr std::size_t kLargestPage = 200;
constexpr std::uint16_t kNormalClosure = 1000;

using LatestMetrics = std::vector<std::vector<wire::Metric>>;  // of each training run

LatestMetrics metrics_of(Service& service, const repository::ExperimentRun& run) {
  LatestMetrics metrics;
  for (const auto& training : run.runs) {
    metrics.push_back(service.run_metrics.latest(service.parts.logs, training)->metrics);
  }
  return metrics;
}

wire::ExperimentRun view(const repository::ExperimentRun& run, const LatestMetrics& metrics) {
  return {.id = run.id,
          .experiment_id = run.experiment_id,
          .created_at = run.created_at,
          .runs = run.runs,
          .metrics = metrics};
}

repository::ExperimentRun find_run_of(Service& service, const Call& call) {
  const std::string& id = call.param("run");
  auto run = service.parts.experiment_runs.find(id);
  if (run && run->experiment_id == call.param("id") && sees(call.caller, run->owner)) {
    return std::move(*run);
  }
  throw Error(ErrorKind::NotFound,
              fmt::format("experiment \"{}\" has no run \"{}\"; `bx ml list experiment-runs` shows "
                          "those there are",
                          printable(call.param("id")), printable(id)));
}

http::Response answer(Service& service, const Call& call, const repository::Experiment& experiment,
                      const repository::ExperimentRun& run) {
  const auto metrics = metrics_of(service, run);
  const auto evaluation = wire::evaluation_definition(experiment.entity);
  return json_response(200, wire::encode(view(run, metrics), evaluation, call.base_url));
}

http::Answer start(Service& service, Call& call) {
  call.request.body->read_all(kMaxJsonBody);  // clients send none, or {}
  const auto experiment = find_experiment(service, call);
  repository::NewExperimentRun asked{.id = random_uuid(),
                                     .experiment_id = experiment.id,
                                     .owner = experiment.owner,
                                     .runs = {},
                                     .idempotency_key = idempotency_key(call)};
  const TimePoint now = service.parts.clock.now();
  if (const auto known = service.parts.experiment_runs.find_by_key(asked, now)) {
    return answer(service, call, experiment, *known);
  }
  asked.runs = prepare_experiment(service, call, experiment);
  const auto run = service.parts.experiment_runs.start(asked, service.parts.clock.now());
  service.parts.scheduler.wake();
  return answer(service, call, experiment, run);
}

http::Answer read(Service& service, Call& call) {
  const auto experiment = find_experiment(service, call);
  return answer(service, call, experiment, find_run_of(service, call));
}

http::Answer list(Service& service, Call& call) {
  const auto experiment = find_experiment(service, call);
  const auto wanted = paging(call, kPage, kLargestLimit);
  const auto page = service.parts.experiment_runs.list(
      experiment.id, std::min(wanted.limit, kLargestPage), wanted.start);
  std::vector<LatestMetrics> metrics;
  for (const auto& run : page.runs) metrics.push_back(metrics_of(service, run));
  std::vector<wire::ExperimentRun> views;
  for (std::size_t i = 0; i < page.runs.size(); ++i) {
    views.push_back(view(page.runs[i], metrics[i]));
  }
  const auto next = next_url(call, "/v3/experiments/" + experiment.id + "/runs", wanted, page.next);
  return json_response(
      200, wire::encode_experiment_run_list(views, wire::evaluation_definition(experiment.entity),
                                            call.base_url, next));
}

http::Answer cancel(Service& service, Call& call) {
  wire::decode_cancel(call.request.body->read_all(kMaxJsonBody));
  const auto run = find_run_of(service, call);
  require_match(call.request, [&] { return read(service, call); });
  service.parts.experiment_runs.append(run.id, model::CancelRequested{call.user},
                                       service.parts.clock.now());
  service.parts.scheduler.wake();
  return empty_response(204);
}

http::Answer remove(Service& service, Call& call) {
  const auto run = find_run_of(service, call);
  require_match(call.request, [&] { return read(service, call); });
  remove_experiment_run(service, run);
  return empty_response(204);
}

http::Answer monitor(Service& service, Call& call) {
  const auto run = find_run_of(service, call);
  const auto last = last_lines(call);
  require_websocket(call, "/v3/models/{id}/logs/training-log.txt?follow=true of its training runs");
  const MonitorParts parts{service.parts.runs, service.parts.logs, service.parts.hub};
  return http::WebSocketAccept{
      guarded(service, call, run.owner, monitor_experiment(parts, run.runs, last)), kNormalClosure};
}

}  // namespace

void remove_experiment_run(Service& service, const repository::ExperimentRun& run) {
  std::vector<model::RunId> trainings;
  for (const auto& training : run.runs) trainings.push_back(training.id);
  service.parts.remove_runs(trainings);
  // It is gone by itself when all its training runs could go at once.
  if (service.parts.experiment_runs.find(run.id)) {
    service.parts.experiment_runs.remove(run.id);
  }
}

void add_experiment_runs(Routes& routes) {
  const std::string runs = "/v3/experiments/{id}/runs";
  routes.add("POST", runs, {Access::User, start});
  routes.add("GET", runs, {Access::User, list});
  routes.add("GET", runs + "/{run}", {Access::User, read});
  routes.add("PATCH", runs + "/{run}", {Access::User, cancel});
  routes.add("DELETE", runs + "/{run}", {Access::User, remove});
  routes.add("GET", runs + "/{run}/monitor", {Access::User, monitor});
}

}  // namespace trainyard::api
