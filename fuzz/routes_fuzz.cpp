// The path of a request: a route is found or not, a parameter never has more than one segment's
// text, and what a pattern spells out is found as it is.
#include "api/router.hpp"
#include "fuzzing.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

namespace {

api::Router<int> routes() {
  api::Router<int> routes;
  routes.add("GET", "/v3/models", 1);
  routes.add("GET", "/v3/models/{id}", 2);
  routes.add("DELETE", "/v3/models/{id}", 3);
  routes.add("PUT", "/v3/wml_instances/{instance}/models/{id}/content", 4);
  return routes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto known = routes();
  const std::string_view path = text_of(data, size);
  attempt([&] {
    for (const auto* method : {"GET", "HEAD", "PUT", "DELETE", "POST"}) {
      const auto match = known.find(method, path);
      if (!match.handler) continue;
      require(match.allowed.empty());
      for (const auto& [name, value] : match.params) require(value.size() <= path.size());
      if (path == "/v3/models" && method[0] != 'H') require(*match.handler == 1);
    }
  });
  return 0;
}
