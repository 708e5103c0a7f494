#include "http/client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.hpp"
#include "http/server.hpp"
#include "http/testing.hpp"

namespace trainyard::http {

namespace {

using testing::failure_of;
using testing::RawServer;
using testing::RawSocket;
using testing::start;
using testing::text;
using testing::url_of;

// What the client sends, word for word.
std::string request_bytes(ClientRequest request) {
  std::promise<std::string> seen;
  RawServer server([&](RawSocket socket, int) {
    seen.set_value(socket.receive_until("\r\n\r\n"));
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  request.url = url_of(server, request.url);
  make_client({.user_agent = "yard"})->send(request);
  const std::string bytes = seen.get_future().get();
  std::string expected_host = fmt::format("127.0.0.1:{}", server.port());
  return bytes.substr(0, bytes.find(expected_host)) + "HOST" +
         bytes.substr(bytes.find(expected_host) + expected_host.size());
}

TEST(Client, SendsExactlyWhatItIsTold) {
  EXPECT_EQ(request_bytes({.url = "/b//a/../c%2F+d?x=%20"}),
            "GET /b//a/../c%2F+d?x=%20 HTTP/1.1\r\nHost: HOST\r\nUser-Agent: yard\r\n\r\n");
  EXPECT_EQ(request_bytes({.method = "PUT", .url = "/"}),
            "PUT / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: yard\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(request_bytes({.method = "POST", .url = "/", .headers = {{"Content-Length", "7"}}}),
            "POST / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: yard\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(request_bytes({.method = "DELETE", .url = "/a", .headers = {{"X-Empty", ""}}}),
            "DELETE /a HTTP/1.1\r\nHost: HOST\r\nUser-Agent: yard\r\nX-Empty:\r\n\r\n");
  EXPECT_EQ(request_bytes({.method = "HEAD", .url = "/a", .headers = {{"accept", "x"}}}),
            "HEAD /a HTTP/1.1\r\nHost: HOST\r\nUser-Agent: yard\r\naccept: x\r\n\r\n");
}

TEST(Client, ExpectsNoContinueForALargeBody) {
  std::string head;
  RawServer server([&](RawSocket socket, int) {
    const std::string all = socket.receive_until("END");
    head = all.substr(0, all.find("\r\n\r\n"));
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const auto body = body_of(std::string(2'000'000, 'x') + "END");
  EXPECT_EQ(make_client()->send({.method = "PUT", .url = url_of(server), .body = body.get()}).body,
            "ok");
  EXPECT_EQ(head.find("Expect"), std::string::npos) << head;
  EXPECT_NE(head.find("Content-Length: 2000003"), std::string::npos) << head;
}

TEST(Client, KeepsConnectionsAlive) {
  std::mutex mutex;
  std::set<std::string> peers;
  const auto server = start([&](Request& request) {
    std::scoped_lock guard(mutex);
    peers.insert(request.peer);
    return text("x");
  });
  const auto client = make_client();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client->send({.url = url_of(*server, "/")}).body, "x");
  EXPECT_EQ(peers.size(), 1u);
}

TEST(Client, ServesManyThreads) {
  const auto server = start([](Request& request) { return text(request.path); });
  const auto client = make_client({.max_idle = 2});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 50; ++j) {
        const std::string path = fmt::format("/{}/{}", i, j);
        EXPECT_EQ(client->send({.url = url_of(*server, path)}).body, path);
      }
    });
  }
}

TEST(Client, AnyStatusIsAResult) {
  const auto server = start([](Request& request) {
    Response response = text("why");
    response.status = static_cast<int>(parse_u64(request.path.substr(1)).value());
    response.headers.add("Location", "/200");
    return response;
  });
  for (const int status : {200, 302, 404, 500, 503}) {
    const auto response = make_client()->send({.url = url_of(*server, fmt::format("/{}", status))});
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "why");
  }
}

TEST(Client, ASinkTakesSuccessesOnly) {
  const auto server = start([](Request& request) {
    Response response = text(std::string(100'000, 'e'));
    if (request.path == "/bad") response.status = 404;
    return response;
  });
  std::string taken;
  std::vector<int> statuses;
  ClientRequest request;
  request.sink = [&](std::string_view bytes) { taken += bytes; };
  request.on_headers = [&](int status, const Headers& headers) {
    statuses.push_back(status);
    EXPECT_EQ(headers.get("content-length"), "100000");
    EXPECT_EQ(taken, "");
  };
  request.url = url_of(*server, "/bad");
  const auto bad = make_client()->send(request);
  EXPECT_EQ(taken, "");
  EXPECT_EQ(bad.body.size(), 64u * 1024);
  EXPECT_EQ(bad.body_bytes, 100'000u);
  request.url = url_of(*server, "/good");
  EXPECT_EQ(make_client()->send(request).body, "");
  EXPECT_EQ(taken.size(), 100'000u);
  EXPECT_EQ(statuses, (std::vector<int>{404, 200}));
}

TEST(Client, ExceptionsOfCallbacksComeOut) {
  const auto server = start([](Request&) { return text("x"); });
  const auto client = make_client();
  ClientRequest request{.url = url_of(*server, "/")};
  request.sink = [](std::string_view) { throw std::out_of_range("sink"); };
  EXPECT_THROW(client->send(request), std::out_of_range);
  request.sink = nullptr;
  request.on_headers = [](int, const Headers&) { throw std::out_of_range("headers"); };
  EXPECT_THROW(client->send(request), std::out_of_range);

  class Failing final : public BodySource {
    std::uint64_t size() const override { return 5; }
    void rewind() override {}
    std::size_t read(char*, std::size_t) override { throw std::out_of_range("body"); }
  } failing;
  EXPECT_THROW(client->send({.method = "PUT", .url = request.url, .body = &failing}),
               std::out_of_range);
  EXPECT_EQ(client->send({.url = request.url}).body, "x");
}

TEST(Client, ABodyThatEndsEarlyIsAnError) {
  class Short final : public BodySource {
    std::uint64_t size() const override { return 5; }
    void rewind() override { given_ = false; }
    std::size_t read(char* into, std::size_t) override {
      if (std::exchange(given_, true)) return 0;
      *into = 'x';
      return 1;
    }
    bool given_ = false;
  } body;
  const auto server = start([](Request& request) { return text(request.body->read_all(10)); });
  EXPECT_EQ(failure_of({.method = "PUT", .url = url_of(*server, "/"), .body = &body}),
            ErrorKind::Internal);
}

TEST(Client, LimitsTheBodyItKeeps) {
  const auto server = start([](Request&) { return text("12345"); });
  EXPECT_EQ(make_client()->send({.url = url_of(*server, "/"), .max_body = 5}).body, "12345");
  EXPECT_EQ(failure_of({.url = url_of(*server, "/"), .max_body = 4}), ErrorKind::TooLarge);
}

TEST(Client, KnowsWhatIsThisMachine) {
  EXPECT_TRUE(is_of_loopback("http://127.0.0.1:5000/v3"));
  EXPECT_TRUE(is_of_loopback("https://localhost"));
  EXPECT_TRUE(is_of_loopback("http://[::1]:80/"));
  EXPECT_FALSE(is_of_loopback("http://trainyard.example:5000"));
  EXPECT_THROW(is_of_loopback("127.0.0.1"), Error);
}

}  // namespace

}  // namespace trainyard::http
