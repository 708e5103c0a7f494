#pragma once
// A served store for tests, and a small S3 client that signs what it sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "gateway/gateway.hpp"
#include "http/client.hpp"
#include "objectstore/sigv4.hpp"

namespace trainyard::gateway::testing_support {

inline const objectstore::sigv4::Credentials kCredentials{"AKIATEST", Secret("wJalr/secret+key")};

inline std::optional<Secret> lookup(std::string_view access_key) {
  if (access_key != kCredentials.access_key) return std::nullopt;
  return kCredentials.secret_key;
}

// The text of every <name> element, in order.
inline std::vector<std::string> elements(const std::string& xml, const std::string& name) {
  std::vector<std::string> out;
  const std::string open = "<" + name + ">", close = "</" + name + ">";
  for (std::size_t at = xml.find(open); at != std::string::npos; at = xml.find(open, at)) {
    at += open.size();
    out.push_back(xml.substr(at, xml.find(close, at) - at));
  }
  return out;
}
inline std::string element(const std::string& xml, const std::string& name) {
  const auto all = elements(xml, name);
  return all.empty() ? "" : all.front();
}

struct Reply {
  int status = 0;
  http::Headers headers;
  std::string body;

  std::string code() const { return element(body, "Code"); }
  std::string header(std::string_view name) const { return headers.get(name).value_or("(none)"); }
};

struct Send {
  http::Headers headers;  // signed with the rest
  std::string body;
  std::optional<std::string> payload_hash;  // default: of `body`
  objectstore::sigv4::Credentials credentials = kCredentials;
  Milliseconds clock_off{0};
};

class S3 {
 public:
  S3(std::string endpoint, const Clock& clock)
      : endpoint_(std::move(endpoint)), clock_(clock), client_(http::make_client()) {}

  // `target`: "/bucket/key?query", percent-encoded.
  Reply call(const std::string& method, const std::string& target, Send send = {}) {
    const std::size_t mark = target.find('?');
    const std::string path = target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
    const std::string hash = send.payload_hash.value_or(to_hex(digest(Digest::Sha256, send.body)));
    http::Headers headers = send.headers;
    headers.add("Host", host());
    const auto signature = objectstore::sigv4::sign(
        {method, path, query, headers}, hash, send.credentials, {}, clock_.now() + send.clock_off);
    for (const auto& [name, value] : signature.headers.items()) headers.add(name, value);
    return raw(method, target, headers, send.body);
  }

  Reply raw(const std::string& method, const std::string& target, const http::Headers& headers,
            const std::string& body = {}) {
    http::ClientRequest request;
    request.method = method;
    request.url = endpoint_ + target;
    request.headers = headers;
    const auto source = http::body_of(body);
    if (method == "PUT" || method == "POST") request.body = source.get();
    const http::ClientResponse response = client_->send(request);
    return {response.status, response.headers, response.body};
  }

  Reply get(const std::string& target, http::Headers headers = {}) {
    return call("GET", target, {.headers = std::move(headers)});
  }
  Reply head(const std::string& target, http::Headers headers = {}) {
    return call("HEAD", target, {.headers = std::move(headers)});
  }
  Reply put(const std::string& target, std::string body = {}, http::Headers headers = {}) {
    return call("PUT", target, {.headers = std::move(headers), .body = std::move(body)});
  }
  Reply post(const std::string& target, std::string body = {}, http::Headers headers = {}) {
    return call("POST", target, {.headers = std::move(headers), .body = std::move(body)});
  }
  Reply remove(const std::string& target, http::Headers headers = {}) {
    return call("DELETE", target, {.headers = std::move(headers)});
  }

  std::string host() const { return endpoint_.substr(endpoint_.find("//") + 2); }
  // A signed URL's target for `target`.
  std::string presigned(const std::string& method, const std::string& target,
                        std::chrono::seconds life) const {
    const std::size_t mark = target.find('?');
    const std::string path = target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
    const http::Headers headers{{"Host", host()}};
    return path + "?" +
           objectstore::sigv4::presign({method, path, query, headers}, kCredentials, {},
                                       clock_.now(), life);
  }

 private:
  std::string endpoint_;
  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
};

// Tests make many stores; memory spares them waiting for the disk.
inline fs::path scratch() { return fs::is_directory("/dev/shm") ? "/dev/shm" : fs::path(); }

class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest() { open(); }
  void open() {
    s3.reset();
    gateway.reset();
    gateway = open_gateway({.directory = dir.path() / "store",
                            .region = region,
                            .credentials = lookup,
                            .worker_threads = 4},
                           clock);
    s3 = std::make_unique<S3>(gateway->endpoint(), clock);
  }
  void SetUp() override { ASSERT_EQ(s3->put("/bucket").status, 200); }

  TempDir dir{"trainyard-", scratch()};
  std::string region = "us-east-1";
  ManualClock clock{*parse_time("2024-05-01T10:00:00.250Z")};
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<S3> s3;
};

}  // namespace trainyard::gateway::testing_support
