#pragma once
// For tests: an HTTP client whose network and server go wrong by script, in front of a real client
// or of a fake service.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "http/client.hpp"
#include "objectstore/fake_s3.hpp"

namespace trainyard::objectstore {

class FaultyClient final : public http::Client {
 public:
  using Script = std::function<std::optional<Fault>(const http::ClientRequest&)>;
  FaultyClient(std::shared_ptr<http::Client> inner, Script script)
      : inner_(std::move(inner)), script_(std::move(script)) {}

  http::ClientResponse send(const http::ClientRequest& request) override {
    const auto fault = script_(request);
    if (!fault) return inner_->send(request);
    if (fault->reset_before) throw_reset();
    if (fault->time_out) throw Error(ErrorKind::Timeout, "nothing came for a while");
    if (fault->status) return deliver(request, {*fault->status, fault->headers, fault->body, 0});
    http::ClientResponse real = send_whole(request, fault->corrupt_upload);
    if (fault->reset_after) throw_reset();
    const bool says_length = request.method != "HEAD";
    if (fault->corrupt_answer && !real.body.empty()) real.body[real.body.size() / 2] ^= 1;
    if (fault->truncate) real.body.resize(real.body.size() / 2);
    const std::string whole = real.body;
    if (fault->cut_after) real.body.resize(std::min(whole.size(), *fault->cut_after));
    if (says_length) real.headers.set("Content-Length", std::to_string(whole.size()));
    http::ClientResponse response = deliver(request, std::move(real));
    if (fault->cut_after) throw_reset();
    return response;
  }

 private:
  // Flips a bit in the middle of what is sent.
  class DamagedBody final : public http::BodySource {
   public:
    explicit DamagedBody(http::BodySource& body) : body_(body) {}
    std::uint64_t size() const override { return body_.size(); }
    void rewind() override {
      body_.rewind();
      at_ = 0;
    }
    std::size_t read(char* into, std::size_t max) override {
      const std::size_t got = body_.read(into, max);
      const std::uint64_t middle = body_.size() / 2;
      if (middle >= at_ && middle < at_ + got) into[middle - at_] ^= 1;
      at_ += got;
      return got;
    }

   private:
    http::BodySource& body_;
    std::uint64_t at_ = 0;
  };

  [[noreturn]] static void throw_reset() {
    throw Error(ErrorKind::Unavailable, "the connection was reset by the peer");
  }

  http::ClientResponse send_whole(http::ClientRequest request, bool damage_upload) {
    std::string bytes;
    if (request.sink) request.sink = [&](std::string_view chunk) { bytes += chunk; };
    request.on_headers = {};
    std::optional<DamagedBody> damaged;
    if (damage_upload && request.body != nullptr) request.body = &damaged.emplace(*request.body);
    http::ClientResponse response = inner_->send(request);
    if (request.sink && response.status / 100 == 2) response.body = std::move(bytes);
    return response;
  }

  static http::ClientResponse deliver(const http::ClientRequest& request,
                                      http::ClientResponse response) {
    if (!response.headers.get("Content-Length")) {
      response.headers.add("Content-Length", std::to_string(response.body.size()));
    }
    if (request.on_headers) request.on_headers(response.status, response.headers);
    if (request.sink && response.status / 100 == 2) {
      request.sink(response.body);
      response.body.clear();
    }
    return response;
  }

  std::shared_ptr<http::Client> inner_;
  Script script_;
};

}  // namespace trainyard::objectstore
