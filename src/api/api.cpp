#include "api/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "api/audit.hpp"
#include "api/conditional.hpp"
#include "api/service.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "http/forwarded.hpp"
#include "wire/error.hpp"

namespace trainyard::api {
namespace {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput:
    case ErrorKind::Unsupported:
      return 400;
    case ErrorKind::Unauthenticated:
      return 401;
    case ErrorKind::Forbidden:
      return 403;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::Conflict:
      return 409;
    case ErrorKind::TooLarge:
      return 413;
    case ErrorKind::Exhausted:
      return 507;
    case ErrorKind::Unavailable:
      return 503;
    case ErrorKind::Timeout:
      return 504;
    case ErrorKind::Canceled:
      return 503;
    case ErrorKind::Corrupt:
    case ErrorKind::Internal:
      return 500;
  }
  return 500;
}

int status_of(const Error& error) {
  if (const auto* busy = dynamic_cast<const AskedTooMuch*>(&error)) return busy->status();
  if (dynamic_cast<const PreconditionFailed*>(&error) != nullptr) return 412;
  return status_of(error.kind());
}

int status_of(const http::Answer& answer) {
  const auto* response = std::get_if<http::Response>(&answer);
  return response ? response->status : 101;
}

std::string location_of(const http::Answer& answer) {
  const auto* response = std::get_if<http::Response>(&answer);
  return response ? response->headers.get("Location").value_or("") : "";
}

constexpr const char* kNoRoute = "none";

// Of calls without a route, whose method may be any text, so that there are only so many.
std::string counted_method(const std::string& method) {
  constexpr std::string_view kKnown[] = {"GET",   "HEAD",   "POST",   "PUT",
                                         "PATCH", "DELETE", "OPTIONS"};
  return std::ranges::find(kKnown, method) != std::end(kKnown) ? method : "other";
}

bool is_host(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-._:[]").find(c) != std::string_view::npos;
  });
}

class ApiServer final : public Api {
 public:
  ApiServer(ApiOptions options, ApiParts parts)
      : service_{std::move(options), std::move(parts), TimePoint{}} {
    service_.started = service_.parts.clock.now();
    for (const auto add :
         {add_identity, add_users, add_access_tokens, add_audit, add_instances, add_definitions,
          add_frameworks, add_runs, add_experiments, add_experiment_runs, add_logs, add_monitor,
          add_learners, add_status, add_metrics, add_openapi}) {
      add(routes_);
    }
  }

  http::Answer handle(http::Request& request) override {
    if (service_.options.behind_proxy) {
      request.peer = http::forwarded_peer(request.headers).value_or(request.peer);
    }
    const auto match = routes_.find(request.method, request.raw_path);
    if (!match.handler) return no_route(request, match.allowed);
    Call call{request, match.params, {}, "", ""};
    const auto began = std::chrono::steady_clock::now();
    const auto done = [&](int status, const std::string& created) {
      const auto took = std::chrono::steady_clock::now() - began;
      service_.metrics.observe(request.method, match.pattern, status, took);
      note(service_, call, match.pattern, status, created);
      log::debug("{} {} {} of {} for {}: {} in {:.1f} ms", request.request_id, request.method,
                 printable(request.raw_path), call.user, request.peer, status,
                 std::chrono::duration<double, std::milli>(took).count());
    };
    try {
      auto answer = serve(*match.handler, call);
      if (auto* response = std::get_if<http::Response>(&answer)) {
        make_conditional(request, *response);
      }
      done(status_of(answer), location_of(answer));
      return answer;
    } catch (const http::ProtocolError& e) {  // failure() counts it
      note(service_, call, match.pattern, e.status(), "");
      throw;
    } catch (const Error& e) {
      done(status_of(e), "");
      throw;
    } catch (const std::exception&) {
      done(500, "");
      throw;
    }
  }

  http::Response failure(const http::Request& request, const Error& error) override {
    if (const auto* protocol = dynamic_cast<const http::ProtocolError*>(&error)) {
      count_routeless(request, protocol->status());
    }
    const int status = status_of(error);
    const auto trace = request.request_id.empty() ? random_hex(16) : request.request_id;
    if (status >= 500) {
      log::warn("{} {} {}: {}", trace, request.method, printable(request.raw_path), error.what());
    }
    auto response = json_response(status, wire::encode(wire::error_body(error, trace)));
    if (status == 401) {
      const auto pattern = routes_.find(request.method, request.raw_path).pattern;
      const char* scheme = pattern.ends_with("/identity/token") ? "Basic" : "Bearer";
      response.headers.add("WWW-Authenticate", fmt::format("{} realm=\"trainyard\"", scheme));
    }
    if (const auto* busy = dynamic_cast<const AskedTooMuch*>(&error)) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(busy->wait()).count();
      response.headers.add("Retry-After", std::to_string(seconds));
    }
    return response;
  }

  std::vector<std::string> endpoints() const override {
    std::vector<std::string> result;
    for (const auto& route : routes_.routes()) result.push_back(route.method + " " + route.text);
    return result;
  }

 private:
  http::Answer serve(const Endpoint& endpoint, Call& call) {
    call.base_url = base_url(call.request);
    if (endpoint.access != Access::Anyone) {
      call.caller = authenticate(service_, call.request);
      call.user = call.caller.user;
      check_access(call.caller, endpoint.access, call.request.method);
    }
    return endpoint.handler(service_, call);
  }

  http::Response no_route(const http::Request& request, const std::string& allowed) {
    auto response = routeless_answer(request, allowed);
    if (!allowed.empty()) response.headers.add("Allow", allowed);
    count_routeless(request, response.status);
    return response;
  }

  http::Response routeless_answer(const http::Request& request, const std::string& allowed) {
    if (allowed.empty()) {
      return failure(
          request,
          Error(ErrorKind::NotFound,
                fmt::format("there is nothing at {}; GET /openapi.json lists what there is",
                            printable(request.raw_path))));
    }
    if (request.method == "OPTIONS") return empty_response(204);
    auto response = failure(
        request, Error(ErrorKind::InvalidInput, fmt::format("{} is not possible here, but {} is",
                                                            printable(request.method), allowed)));
    response.status = 405;
    return response;
  }

  void count_routeless(const http::Request& request, int status) {
    service_.metrics.observe(counted_method(request.method), kNoRoute, status, {});
  }

  std::string base_url(const http::Request& request) const {
    const auto host = request.headers.get("Host").value_or("");
    if (!is_host(host)) {
      throw Error(ErrorKind::InvalidInput,
                  fmt::format("the header Host is \"{}\", which no host is called: send HOST or "
                              "HOST:PORT",
                              printable(host)));
    }
    return (speaks_tls(request) ? "https://" : "http://") + (host.empty() ? "localhost" : host);
  }

  // What the client speaks, to us or to the proxy.
  bool speaks_tls(const http::Request& request) const {
    if (request.secure || !service_.options.behind_proxy) return request.secure;
    return iequals(request.headers.get("X-Forwarded-Proto").value_or(""), "https");
  }

  Service service_;
  Routes routes_;
};

}  // namespace

std::unique_ptr<Api> make_api(ApiOptions options, ApiParts parts) {
  return std::make_unique<ApiServer>(std::move(options), std::move(parts));
}

}  // namespace trainyard::api
