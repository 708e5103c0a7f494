// Experiments (wml-v3 b.7): /v3/experiments.
#include "api/experiments.hpp"

#include <fmt/format.h>

#include "api/conditional.hpp"
#include "api/service.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "wire/experiment.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kPage = 100;
constexpr std::size_t kLargestPage = 1000;

wire::Experiment view(const repository::Experiment& experiment) {
  return {.id = experiment.id,
          .entity = experiment.entity,
          .created_at = experiment.created_at,
          .modified_at = experiment.modified_at};
}

http::Response answer(const Service& service, const Call& call, int status,
                      const repository::Experiment& experiment) {
  return json_response(status, wire::encode(view(experiment), call.base_url,
                                            shown_secrets(service, call, experiment.owner)));
}

http::Answer create(Service& service, Call& call) {
  auto request = wire::decode_experiment_request(call.request.body->read_all(kMaxJsonBody));
  const TimePoint now = service.parts.clock.now();
  const repository::Experiment experiment{.id = random_uuid(),
                                          .owner = call.user,
                                          .name = std::move(request.name),
                                          .entity = std::move(request.entity),
                                          .created_at = now,
                                          .modified_at = now};
  service.parts.experiments.create(experiment);
  auto response = answer(service, call, 201, experiment);
  response.headers.add("Location", call.base_url + "/v3/experiments/" + experiment.id);
  return response;
}

http::Answer read(Service& service, Call& call) {
  return answer(service, call, 200, find_experiment(service, call));
}

http::Answer list(Service& service, Call& call) {
  const auto wanted = paging(call, kPage, kLargestPage);
  const auto page =
      service.parts.experiments.list(shown_owner(call).value_or(""), wanted.limit, wanted.start);
  wire::ExperimentListWriter writer;
  for (const auto& experiment : page.experiments) {
    writer.add(view(experiment), call.base_url, shown_secrets(service, call, experiment.owner));
  }
  return json_response(200, writer.finish(next_url(call, "/v3/experiments", wanted, page.next)));
}

http::Answer change(Service& service, Call& call) {
  const std::string patch = call.request.body->read_all(kMaxJsonBody);
  auto experiment = find_experiment(service, call);
  require_match(call.request, [&] { return answer(service, call, 200, experiment); });
  const TimePoint read_at = experiment.modified_at;
  auto changed = wire::patch_experiment(experiment.entity, patch);
  experiment.name = std::move(changed.name);
  experiment.entity = std::move(changed.entity);
  // Later than before also within one millisecond: it tells that something changed.
  experiment.modified_at = std::max(service.parts.clock.now(), read_at + Milliseconds(1));
  service.parts.experiments.update(experiment, read_at);
  return answer(service, call, 200, experiment);
}

// With everything that it ran, as one: runs that are live end first (T23).
http::Answer remove(Service& service, Call& call) {
  const auto experiment = find_experiment(service, call);
  require_match(call.request, [&] { return answer(service, call, 200, experiment); });
  while (true) {
    const auto page = service.parts.experiment_runs.list(experiment.id, kPage, "");
    for (const auto& run : page.runs) remove_experiment_run(service, run);
    if (page.runs.empty()) break;
  }
  service.parts.experiments.remove(experiment.id);
  return empty_response(204);
}

}  // namespace

repository::Experiment find_experiment(Service& service, const Call& call) {
  const std::string& id = call.param("id");
  auto experiment = service.parts.experiments.find(id);
  if (experiment && sees(call.caller, experiment->owner)) return std::move(*experiment);
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no experiment \"{}\"; `bx ml list experiments` shows those "
                          "there are",
                          printable(id)));
}

void add_experiments(Routes& routes) {
  routes.add("POST", "/v3/experiments", {Access::User, create});
  routes.add("GET", "/v3/experiments", {Access::User, list});
  routes.add("GET", "/v3/experiments/{id}", {Access::User, read});
  routes.add("PATCH", "/v3/experiments/{id}", {Access::User, change});
  routes.add("DELETE", "/v3/experiments/{id}", {Access::User, remove});
}

}  // namespace trainyard::api
