#include "objectstore/swift_client.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/object_headers.hpp"

namespace trainyard::objectstore::swift {
namespace {

constexpr std::size_t kLongestAnswer = 32u << 20;  // a page of a listing

std::string describe(const SwiftOptions& o) {
  std::string place = "swift://" + o.container + " at " + o.auth_url.url();
  if (!o.project_id.empty()) place += " (project " + o.project_id + ")";
  if (o.auth == SwiftAuth::V1) place += " (user " + o.user_name + ")";
  if (!o.region.empty()) place += " in " + o.region;
  return place;
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
      return ErrorKind::Unauthenticated;
    case 403:
      return ErrorKind::Forbidden;
    case 404:
      return ErrorKind::NotFound;
    case 408:
    case 429:
    case 498:
      return ErrorKind::Unavailable;
    case 409:
    case 412:
    case 416:
      return ErrorKind::Conflict;
    case 413:
      return ErrorKind::TooLarge;
    case 422:
      return ErrorKind::Unavailable;  // other bytes than the ETag promised
    case 501:
      return ErrorKind::Unsupported;
    case 507:
      return ErrorKind::Exhausted;
    default:
      return status >= 500 ? ErrorKind::Unavailable : ErrorKind::InvalidInput;
  }
}

std::string reason_of(const http::ClientResponse& response, const Request& request,
                      const std::string& container) {
  switch (response.status) {
    case 401:
      return "the token is refused";
    case 403:
      return "the user has no right to it";
    case 404:
      return request.key ? "there is no such object"
                         : fmt::format(
                               "there is no container '{}'; check the bucket's name, "
                               "project_id and region",
                               container);
    case 409:
      if (request.method != "GET") break;
      return "one of the object's segments is gone or was replaced";
    case 412:
    case 416:
      return "the object was replaced meanwhile";
    default:
      break;
  }
  return fmt::format("HTTP {}: {}", response.status, printable(response.body, 200));
}

}  // namespace

Client::Client(SwiftOptions options, std::shared_ptr<http::Client> http, Clock& clock)
    : options_(std::move(options)),
      http_(std::move(http)),
      description_(describe(options_)),
      session_(options_, *http_, clock) {}

http::ClientResponse Client::send(Request& request) {
  for (bool again = true;; again = false) {
    const Session::Token token = session_.token(request.stop);
    http::ClientResponse response = send_with(token, request);
    if (response.status / 100 == 2) return response;
    if (response.status == 404 && request.not_found_is_answer) return response;
    if (response.status != 401) refuse(response, request);
    session_.forget(token);
    if (!again) refuse(response, request);
  }
}

http::ClientResponse Client::send_with(const Session::Token& token, const Request& request) {
  http::ClientRequest out;
  out.method = request.method;
  out.url = token.storage_url + "/" +
            percent_encode(request.container.empty() ? options_.container : request.container);
  if (request.key) out.url += "/" + percent_encode(*request.key, Slash::Keep);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    out.url += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  out.headers = request.headers;
  out.headers.set("X-Auth-Token", token.value.reveal());
  out.body = request.body;
  out.sink = request.sink;
  if (request.on_headers) {
    out.on_headers = [&](int status, const http::Headers& headers) {
      if (status / 100 == 2) request.on_headers(status, headers);
    };
  }
  out.max_body = kLongestAnswer;
  out.connect_timeout = options_.connect_timeout;
  out.stall_timeout = options_.stall_timeout;
  out.total_timeout = request.total_timeout;
  out.stop = request.stop;
  if (request.body != nullptr) request.body->rewind();
  return http_->send(out);
}

Limits Client::limits(std::stop_token stop) {
  auto known = limits_.lock();
  if (!*known) *known = ask_limits(std::move(stop));
  return known->value_or(Limits{});
}

// nullopt: to be asked again.
std::optional<Limits> Client::ask_limits(std::stop_token stop) {
  http::ClientRequest request;
  request.url = info_url(session_.token(stop).storage_url);
  request.max_body = kLongestAnswer;
  request.connect_timeout = options_.connect_timeout;
  request.stall_timeout = options_.stall_timeout;
  request.stop = std::move(stop);
  try {
    const http::ClientResponse response = http_->send(request);
    if (response.status >= 500) return std::nullopt;
    return response.status == 200 ? parse_info(response.body) : Limits{};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Canceled) throw;
    log::debug("{} does not tell its limits: {}", request.url, error.what());
    return std::nullopt;
  }
}

void Client::refuse(const http::ClientResponse& response, const Request& request) const {
  const std::string& container = request.container.empty() ? options_.container : request.container;
  StoreError error(kind_of(response.status),
                   fmt::format("cannot {} of {}: {}", request.action, description_,
                               reason_of(response, request, container)));
  error.damaged = response.status == 422;
  error.retry_after = parse_retry_after(response.headers);
  error.foreign = !is_own(response);
  throw error;
}

}  // namespace trainyard::objectstore::swift
