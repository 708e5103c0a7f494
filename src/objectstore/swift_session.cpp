#include "objectstore/swift_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/keystone.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::objectstore::swift {
namespace {

constexpr Milliseconds kRenewBefore{5 * 60 * 1000};
constexpr Milliseconds kRenewAgainAfter{30'000};
constexpr std::uint64_t kUsualLifeSeconds = 3600;
constexpr std::size_t kLongestAnswer = 4u << 20;  // catalogues of large clouds are long

// Renewed a while before the end, short ones a quarter of their life.
Session::Token token_with(Secret value, std::string storage_url, TimePoint now, Milliseconds life) {
  const TimePoint end = now + std::max(life, Milliseconds(0));
  return {std::move(value), std::move(storage_url), end - std::min(kRenewBefore, (end - now) / 4),
          end};
}

Error refusal(const SwiftOptions& o, const http::ClientResponse& response) {
  const std::string url = o.auth_url.url();
  const int status = response.status;
  // Others refuse as well: a store of S3, a proxy that wants its own password.
  const bool by_it = o.auth == SwiftAuth::V1 || keystone::is_error(response.body);
  if (status == 401 && by_it) {
    return Error(
        ErrorKind::Unauthenticated,
        o.auth == SwiftAuth::V1
            ? fmt::format("{} does not take user_name '{}' with this password", url,
                          printable(o.user_name))
            : fmt::format("{} refuses the credentials: user_name '{}', its password or domain_name "
                          "'{}' is wrong (it does not tell which)",
                          url, printable(o.user_name), printable(o.domain_name)));
  }
  if (status == 403 && by_it) {
    return Error(ErrorKind::Forbidden,
                 fmt::format("user '{}' may not use project '{}' at {}", printable(o.user_name),
                             printable(o.project_id), url));
  }
  if (status >= 500 || status == 429) {
    return Error(ErrorKind::Unavailable, fmt::format("{} answers HTTP {}", url, status));
  }
  return Error(
      ErrorKind::InvalidInput,
      fmt::format("{} does not answer like {} (HTTP {}); check auth_url", url,
                  o.auth == SwiftAuth::V1 ? "Swift's v1 authentication" : "Keystone v3", status));
}

[[noreturn]] void throw_refused(const SwiftOptions& options, const http::ClientResponse& response) {
  const Error why = refusal(options, response);
  StoreError error(why.kind(), why.what());
  error.retry_after = parse_retry_after(response.headers);
  error.foreign = !is_own(response) && !keystone::is_error(response.body);
  throw error;
}

}  // namespace

bool is_own(const http::ClientResponse& response) {
  return response.headers.get("X-Trans-Id") || response.headers.get("X-Openstack-Request-Id");
}

Session::Token Session::token(std::stop_token stop) {
  auto current = token_.lock();
  const TimePoint now = clock_.now();
  if (current->value.empty() || now >= current->ends_at) {
    return *current = authenticate(std::move(stop));
  }
  if (now < current->renew_at) return *current;
  current->renew_at = now + kRenewAgainAfter;
  const Token old = *current;
  current.guard().unlock();
  return renew(old, std::move(stop));
}

// `old` is still valid: Keystone may be away for a while.
Session::Token Session::renew(const Token& old, std::stop_token stop) {
  try {
    Token fresh = authenticate(std::move(stop));
    *token_.lock() = fresh;
    return fresh;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Canceled) throw;
    log::warn("the token is not renewed yet: {}", error.what());
    return old;
  }
}

void Session::forget(const Token& refused) {
  auto current = token_.lock();
  if (current->value == refused.value) *current = {};
}

Session::Token Session::authenticate(std::stop_token stop) {
  return options_.auth == SwiftAuth::V1 ? authenticate_version1(std::move(stop))
                                        : authenticate_version3(std::move(stop));
}

http::ClientResponse Session::send(http::ClientRequest request, std::stop_token stop) {
  request.max_body = kLongestAnswer;
  request.connect_timeout = options_.connect_timeout;
  request.stall_timeout = options_.stall_timeout;
  request.stop = std::move(stop);
  return send_to(http_, std::move(request), "auth_url");
}

http::ClientResponse Session::ask_keystone(keystone::Scope scope, std::stop_token stop) {
  const auto body = http::body_of(keystone::token_request(options_, scope));
  http::ClientRequest request;
  request.method = "POST";
  request.url = options_.auth_url.url() + "/auth/tokens";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = body.get();
  return send(std::move(request), std::move(stop));
}

// Keystone does not tell what is wrong. When it grants a token without the project, the project is.
void Session::check_project(std::stop_token stop) {
  if (options_.project_id.empty()) return;
  const http::ClientResponse granted = ask_keystone(keystone::Scope::None, stop);
  const std::string token = granted.headers.get("X-Subject-Token").value_or("");
  if (granted.status / 100 != 2 || token.empty()) return;
  http::ClientRequest request;
  request.url = options_.auth_url.url() + "/auth/projects";
  request.headers = {{"Accept", "application/json"}, {"X-Auth-Token", token}};
  const auto projects = keystone::read_projects(send(std::move(request), std::move(stop)).body);
  throw Error(
      ErrorKind::Unauthenticated,
      fmt::format("user '{}' has no project with the id '{}' at {}; check project_id{}",
                  printable(options_.user_name), printable(options_.project_id),
                  options_.auth_url.url(),
                  projects.empty() ? "" : ", which can be that of " + join(projects, ", ")));
}

Session::Token Session::authenticate_version3(std::stop_token stop) {
  const http::ClientResponse response = ask_keystone(keystone::Scope::Project, stop);
  if (response.status == 401) check_project(std::move(stop));
  if (response.status / 100 != 2) throw_refused(options_, response);
  const auto granted = with_context(options_.auth_url.url(), [&] {
    return keystone::read_token(response.body, options_.region);
  });
  const std::string token = response.headers.get("X-Subject-Token").value_or("");
  if (token.empty()) throw_refused(options_, response);
  const TimePoint now = clock_.now();
  return token_with(Secret(token), granted.storage_url, now,
                    granted.expires - granted.issued.value_or(now));
}

Session::Token Session::authenticate_version1(std::stop_token stop) {
  http::ClientRequest request;
  request.url = options_.auth_url.url();
  request.headers = {{"X-Auth-User", options_.user_name},
                     {"X-Auth-Key", options_.password.reveal()}};
  const http::ClientResponse response = send(std::move(request), std::move(stop));
  const std::string token = response.headers.get("X-Auth-Token").value_or("");
  std::string url = response.headers.get("X-Storage-Url").value_or("");
  if (response.status / 100 != 2 || token.empty() || url.empty()) throw_refused(options_, response);
  while (url.ends_with('/')) url.pop_back();
  parse_endpoint(url);
  const auto life = parse_u64(response.headers.get("X-Auth-Token-Expires").value_or(""));
  const std::chrono::seconds seconds(std::min(life.value_or(kUsualLifeSeconds), kUsualLifeSeconds));
  return token_with(Secret(token), std::move(url), clock_.now(), seconds);
}

}  // namespace trainyard::objectstore::swift
