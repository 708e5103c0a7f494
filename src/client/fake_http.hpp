#pragma once
// For tests: an http::Client that answers from a script and remembers what it was asked.
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/client.hpp"

namespace trainyard::client {

class FakeHttp final : public http::Client {
 public:
  struct Request {
    std::string line;  // "GET /v3/models?limit=10"; the URL's address is left out
    std::string url;
    http::Headers headers;
    std::string body;
  };
  using Answer = std::function<http::ClientResponse(const http::ClientRequest&)>;

  static constexpr const char* kUrl = "http://service:1";

  // Answers to "METHOD /path" in order; the last one stays.
  FakeHttp& on(const std::string& line, http::ClientResponse response) {
    return on(line, [response](const auto&) { return response; });
  }
  FakeHttp& on(const std::string& line, int status, const std::string& body) {
    return on(line, http::ClientResponse{.status = status, .headers = {}, .body = body});
  }
  FakeHttp& on(const std::string& line, Answer answer) {
    script_[line].push_back(std::move(answer));
    return *this;
  }
  // Answers the token request; every call expects "Bearer fake-token".
  FakeHttp& with_token() { return on("GET /v3/identity/token", 200, R"({"token":"fake-token"})"); }

  http::ClientResponse send(const http::ClientRequest& request) override {
    const auto path = request.url.find('/', request.url.find("://") + 3);
    Request seen{request.method + " " + request.url.substr(path), request.url, request.headers, ""};
    if (request.body != nullptr) seen.body = drain(*request.body);
    requests.push_back(seen);
    auto found = script_.find(seen.line);
    if (found == script_.end()) {
      return {.status = 404, .headers = {}, .body = error_body("nothing at " + seen.line)};
    }
    auto answer = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    auto response = answer(request);
    return deliver(request, std::move(response));
  }

  // As the service words a refusal (wml-v3 a.6).
  static std::string error_body(const std::string& message) {
    return R"({"trace":"0","errors":[{"code":"x","message":")" + message + R"("}]})";
  }
  static Answer unreachable() {
    return [](const auto&) -> http::ClientResponse {
      throw Error(ErrorKind::Unavailable, "connection refused");
    };
  }
  // Delivers `bytes` and then loses the connection.
  static Answer cut_after(const std::string& bytes, std::uint64_t offset) {
    return [bytes, offset](const http::ClientRequest& request) -> http::ClientResponse {
      if (request.on_headers) {
        request.on_headers(200, {{"X-Log-Offset", std::to_string(offset)}});
      }
      request.sink(bytes);
      throw Error(ErrorKind::Unavailable, "connection reset");
    };
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> result;
    for (const auto& request : requests) result.push_back(request.line);
    return result;
  }

  std::vector<Request> requests;
  std::function<void()> before_body_piece;  // called before each piece of a body is taken

 private:
  std::string drain(http::BodySource& body) const {
    std::string text;
    char piece[4096];
    while (true) {
      if (before_body_piece) before_body_piece();
      const auto got = body.read(piece, sizeof piece);
      if (got == 0) return text;
      text.append(piece, got);
    }
  }
  static http::ClientResponse deliver(const http::ClientRequest& request,
                                      http::ClientResponse response) {
    if (request.on_headers) request.on_headers(response.status, response.headers);
    if (request.sink && response.status >= 200 && response.status < 300) {
      request.sink(response.body);
      response.body.clear();
    }
    return response;
  }

  std::map<std::string, std::deque<Answer>> script_;
};

// Sleeping passes at once and is remembered; a stop that was requested ends it.
class EagerClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  bool sleep_for(Milliseconds duration, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    now_ += duration;
    slept += duration;
    return true;
  }
  Milliseconds slept{0};

 private:
  TimePoint now_{};
};

}  // namespace trainyard::client
