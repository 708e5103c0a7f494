#pragma once
// Method and path → handler. A pattern is "/v3/models/{id}"; {name} takes one segment.
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.hpp"
#include "http/server.hpp"

namespace trainyard::api {

using Params = std::map<std::string, std::string, std::less<>>;  // percent-decoded

template <typename Handler>
class Router {
 public:
  void add(std::string_view method, std::string_view pattern, Handler handler) {
    routes_.push_back(
        {std::string(method), std::string(pattern), segments(pattern), std::move(handler)});
  }

  struct Match {
    const Handler* handler = nullptr;  // null: see `allowed`
    std::string pattern;               // of the handler's route
    Params params;
    // "GET, HEAD, DELETE, OPTIONS": the path exists, the method does not; empty: no such path.
    std::string allowed;
  };
  // HEAD is served by what serves GET. `path` is still percent-encoded.
  Match find(std::string_view method, std::string_view path) const;

  struct Route {
    std::string method;
    std::string text;  // the pattern, as it was added
    std::vector<std::string> pattern;
    Handler handler;
  };
  const std::vector<Route>& routes() const { return routes_; }

 private:
  static std::vector<std::string> segments(std::string_view path);
  std::vector<Route> routes_;
};

// Does `path` fit `pattern`? Then the parameters are in `params`.
bool match_path(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                Params& params);
std::vector<std::string> path_segments(std::string_view path);

template <typename Handler>
std::vector<std::string> Router<Handler>::segments(std::string_view path) {
  return path_segments(path);
}

template <typename Handler>
typename Router<Handler>::Match Router<Handler>::find(std::string_view method,
                                                      std::string_view path) const {
  Match match;
  std::vector<std::string> methods;
  const auto wanted = method == "HEAD" ? std::string_view("GET") : method;
  const auto parts = segments(path);
  for (const Route& route : routes_) {
    Params params;
    if (!match_path(route.pattern, parts, params)) continue;
    if (route.method == wanted) return {&route.handler, route.text, std::move(params), ""};
    if (std::ranges::find(methods, route.method) != methods.end()) continue;
    methods.push_back(route.method);
    if (route.method == "GET") methods.push_back("HEAD");
  }
  if (methods.empty()) return match;
  methods.push_back("OPTIONS");
  match.allowed = join(methods, ", ");
  return match;
}

}  // namespace trainyard::api
