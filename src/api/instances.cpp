// The instance (wml-v3 a.5), and the paths beside it that clients probe although nothing is
// stored (b.6) or deployed here: lists are empty, single things unknown.
#include <fmt/format.h>

#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"
#include "wire/instance.hpp"

namespace trainyard::api {
namespace {

void check_instance(const Service& service, const Call& call) {
  if (call.param("instance") == service.options.instance_id) return;
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no instance \"{}\"; this service's is {}",
                          printable(call.param("instance")), service.options.instance_id));
}

http::Answer read(Service& service, Call& call) {
  check_instance(service, call);
  const auto capacity = service.parts.scheduler.capacity();
  std::size_t held = 0;
  for (const auto& use : service.parts.scheduler.slots()) held += use.held_by.has_value();
  const wire::Instance instance{.id = service.options.instance_id,
                                .user = call.user,
                                .plan = "standard",
                                .created_at = service.options.created_at,
                                .gpus = static_cast<unsigned>(capacity.slots.size()),
                                .gpus_used = static_cast<unsigned>(held)};
  return json_response(200, wire::encode(instance, call.base_url));
}

http::Answer empty_list(Service& service, Call& call) {
  check_instance(service, call);
  return json_response(200, R"({"resources":[]})");
}

http::Answer unknown(Service& service, Call& call) {
  check_instance(service, call);
  throw Error(
      ErrorKind::NotFound,
      "nothing is published or deployed by this service; what a run learned is in its results "
      "bucket");
}

http::Answer no_models(Service&, Call&) { return json_response(200, R"({"resources":[]})"); }

http::Answer no_model(Service&, Call&) { throw Error(ErrorKind::NotFound, wire::kNoStoredModels); }

http::Answer refuse_model(Service&, Call&) {
  throw Error(ErrorKind::Unsupported, wire::kNoStoredModels);
}

http::Answer refuse_model_of_run(Service& service, Call& call) {
  find_run(service, call);
  throw Error(ErrorKind::Unsupported, wire::kNoStoredModels);
}

}  // namespace

void add_instances(Routes& routes) {
  routes.add("GET", "/v3/wml_instances/{instance}", {Access::User, read});
  for (const char* kind : {"published_models", "deployments"}) {
    const std::string path = fmt::format("/v3/wml_instances/{{instance}}/{}", kind);
    routes.add("GET", path, {Access::User, empty_list});
    routes.add("GET", path + "/{item}", {Access::User, unknown});
  }
  routes.add("GET", "/v3/ml_assets/models", {Access::User, no_models});
  routes.add("GET", "/v3/ml_assets/models/{item}", {Access::User, no_model});
  routes.add("POST", "/v3/ml_assets/models", {Access::User, refuse_model});
  routes.add("PUT", "/v3/models/{id}/ml_asset", {Access::User, refuse_model_of_run});
}

}  // namespace trainyard::api
