#include "client/learner_client.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "wire/error.hpp"

namespace trainyard::client {
namespace {

constexpr int kOk = 200, kUnauthorized = 401, kForbidden = 403, kNotFound = 404, kConflict = 409,
              kGone = 410, kTooMany = 429;

// A run is given up only on our server's own word: a 404 without the service's error body comes
// from a stranger at its address.
ErrorKind kind_of(int status, const wire::ErrorEntry& error) {
  switch (status) {
    case kUnauthorized:
      return ErrorKind::Unauthenticated;
    case kForbidden:
      return error.code.empty() ? ErrorKind::Unavailable : ErrorKind::Forbidden;
    case kNotFound:
    case kGone:
      return error.code.empty() ? ErrorKind::Unavailable : ErrorKind::NotFound;
    case kConflict:
      return ErrorKind::Conflict;
    default:
      return status >= 500 || status == kTooMany ? ErrorKind::Unavailable : ErrorKind::Internal;
  }
}

http::ClientResponse expect_ok(http::ClientResponse response) {
  if (response.status == kOk) return response;
  const auto error = wire::decode_error(response.body).errors.front();
  throw Error(kind_of(response.status, error),
              fmt::format("the server answered {}: {}", response.status, error.message));
}

class Client final : public LearnerClient {
 public:
  Client(http::Client& http, const std::string& server_url, const model::RunId& run, Secret token)
      : http_(http),
        base_(fmt::format("{}/v3/learners/{}", server_url, percent_encode(run.str()))),
        token_(std::move(token)) {}

  wire::Assignment assignment(std::stop_token stop) override {
    const auto request = make("GET", "/assignment", std::move(stop));
    return wire::decode_assignment(expect_ok(http_.send(request)).body);
  }

  void definition(const std::function<void(std::string_view)>& sink,
                  std::stop_token stop) override {
    auto request = make("GET", "/definition", std::move(stop));
    request.sink = sink;
    expect_ok(http_.send(request));
  }

  wire::ReportAnswer report(const wire::Report& report, std::stop_token stop) override {
    const auto body = http::body_of(wire::encode(report));
    auto request = make("POST", "/reports", std::move(stop));
    request.headers.add("Content-Type", "application/json");
    request.body = body.get();
    return wire::decode_report_answer(expect_ok(http_.send(request)).body);
  }

  std::uint64_t append_log(std::string_view file, std::uint64_t offset, std::string_view bytes,
                           std::stop_token stop) override {
    const auto body = http::body_of(std::string(bytes));
    auto request = make("PUT", fmt::format("/logs/{}?offset={}", percent_encode(file), offset),
                        std::move(stop));
    request.headers.add("Content-Type", "application/octet-stream");
    request.body = body.get();
    auto response = http_.send(request);
    if (response.status != kConflict) response = expect_ok(std::move(response));
    return wire::decode_log_size(response.body);
  }

 private:
  http::ClientRequest make(std::string method, const std::string& path,
                           std::stop_token stop) const {
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = base_ + path;
    request.headers.add("Authorization", "Bearer " + token_.reveal());
    request.stop = std::move(stop);
    return request;
  }

  http::Client& http_;
  const std::string base_;
  const Secret token_;
};

}  // namespace

std::unique_ptr<LearnerClient> make_learner_client(http::Client& http,
                                                   const std::string& server_url,
                                                   const model::RunId& run, Secret token) {
  return std::make_unique<Client>(http, server_url, run, std::move(token));
}

}  // namespace trainyard::client
