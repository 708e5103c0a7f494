// GET /v3/models/frameworks: what a manifest may name, and what of it works here.
#include "wire/frameworks.hpp"

#include "api/service.hpp"

namespace trainyard::api {
namespace {

http::Answer list(Service& service, Call&) {
  std::vector<wire::FrameworkView> frameworks;
  for (auto& info : service.parts.catalogue.list(service.parts.host)) {
    frameworks.push_back({.name = std::move(info.name),
                          .version = std::move(info.version),
                          .aliases = std::move(info.aliases),
                          .kind = std::string(runtime::to_string(info.kind)),
                          .usable = info.usable,
                          .why_not = std::move(info.why_not)});
  }
  return json_response(200, wire::encode_frameworks(frameworks));
}

}  // namespace

void add_frameworks(Routes& routes) {
  routes.add("GET", "/v3/models/frameworks", {Access::User, list});
}

}  // namespace trainyard::api
