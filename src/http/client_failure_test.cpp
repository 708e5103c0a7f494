// What the client makes of servers that break, stall or leave.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/error_testing.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "http/testing.hpp"

namespace trainyard::http {

namespace {

using testing::failure_of;
using testing::kPatience;
using testing::RawServer;
using testing::RawSocket;
using testing::start;
using testing::text;
using testing::url_of;
using namespace std::chrono_literals;

TEST(Client, ATruncatedAnswerIsUnavailable) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Le", ""}) {
    RawServer server([&](RawSocket socket, int) {
      socket.receive_until("\r\n\r\n");
      socket.send(answer);
    });
    EXPECT_EQ(failure_of({.url = url_of(server)}), ErrorKind::Unavailable) << answer;
  }
}

TEST(Client, AResetIsUnavailable) {
  RawServer server([](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.reset();
  });
  EXPECT_EQ(failure_of({.url = url_of(server)}), ErrorKind::Unavailable);
}

TEST(Client, NamesThePlaceWithoutTheQuery) {
  std::uint16_t port = 0;
  {
    port = start([](Request&) { return text(""); })->port();
  }
  std::string message;
  EXPECT_EQ(failure_of({.url = fmt::format("http://127.0.0.1:{}/a/b?X-Amz-Signature=secret", port)},
                       &message),
            ErrorKind::Unavailable);
  EXPECT_TRUE(message.starts_with(fmt::format("GET http://127.0.0.1:{}/a/b: ", port))) << message;
  EXPECT_EQ(message.find("secret"), std::string::npos) << message;
}

TEST(Client, NonsenseIsInvalidInput) {
  EXPECT_EQ(failure_of({.url = "nonsense"}), ErrorKind::InvalidInput);
  EXPECT_EQ(failure_of({.url = "file:///etc/passwd"}), ErrorKind::InvalidInput);
  EXPECT_EQ(failure_of({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}}),
            ErrorKind::InvalidInput);
  EXPECT_EQ(failure_of({.url = "http://127.0.0.1:1/", .headers = {{"A\nB", "c"}}}),
            ErrorKind::InvalidInput);
  EXPECT_EQ(failure_of({.method = "GET / HTTP/1.1\r\nX: y", .url = "http://127.0.0.1:1/"}),
            ErrorKind::InvalidInput);
}

TEST(Client, StallsAndLongTransfersTimeOut) {
  RawServer silent([](RawSocket socket, int) { socket.receive_all(); });
  EXPECT_EQ(failure_of({.url = url_of(silent), .stall_timeout = 50ms}), ErrorKind::Timeout);
  EXPECT_EQ(failure_of({.url = url_of(silent), .total_timeout = 50ms}), ErrorKind::Timeout);
  RawServer halting([](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
    socket.receive_all();
  });
  EXPECT_EQ(failure_of({.url = url_of(halting), .stall_timeout = 50ms}), ErrorKind::Timeout);
}

TEST(Client, AStopEndsATransferAtOnce) {
  std::stop_source stop;
  RawServer silent([&](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    stop.request_stop();
    socket.receive_all();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(failure_of({.url = url_of(silent), .stop = stop.get_token()}), ErrorKind::Canceled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
  EXPECT_EQ(failure_of({.url = url_of(silent), .stop = stop.get_token()}), ErrorKind::Canceled);
}

TEST(Client, ADeadKeptConnectionIsReplacedOnce) {
  std::atomic<int> requests{0};
  RawServer server([&](RawSocket socket, int index) {
    const std::string head = socket.receive_until("\r\n\r\nbody");
    ++requests;
    socket.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", index));
    if (index > 0) return;
    socket.receive_until("\r\n\r\n");  // a second request on the first connection, never answered
    ++requests;
  });
  const auto client = make_client();
  const auto body = body_of("body");
  const ClientRequest request{.method = "POST", .url = url_of(server), .body = body.get()};
  EXPECT_EQ(client->send(request).body, "0");
  EXPECT_EQ(client->send(request).body, "1");
  EXPECT_EQ(requests, 3);
}

TEST(Client, AFailureOnANewConnectionIsNotRepeated) {
  std::atomic<int> connections{0};
  RawServer server([&](RawSocket socket, int) {
    ++connections;
    socket.receive_until("\r\n\r\n");
  });
  EXPECT_EQ(failure_of({.url = url_of(server)}), ErrorKind::Unavailable);
  EXPECT_EQ(connections, 1);
}

TEST(Client, WhatAsksForAFreshConnectionIsNeverRepeated) {
  std::atomic<int> connections{0};
  std::vector<RawSocket> kept;
  RawServer server([&](RawSocket socket, int index) {
    ++connections;
    socket.receive_until("\r\n\r\n");
    if (index > 0) return;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0");
    kept.push_back(std::move(socket));
  });
  const auto client = make_client();
  EXPECT_EQ(client->send({.url = url_of(server)}).body, "0");
  const ClientRequest request{
      .method = "POST", .url = url_of(server), .fresh_connection = true, .stall_timeout = 1s};
  EXPECT_EQ(kind_of([&] { client->send(request); }), ErrorKind::Unavailable);
  EXPECT_EQ(connections, 2);
}

TEST(Client, IgnoresInterimAnswersAndTrailers) {
  RawServer server([](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.send(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA:  spaced \r\n\r\n"
        "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n");
  });
  const auto response = make_client()->send({.url = url_of(server)});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "abc");
  EXPECT_EQ(response.headers.get("A"), "spaced");
  EXPECT_FALSE(response.headers.get("Link"));
  EXPECT_FALSE(response.headers.get("Trailer"));
}

TEST(Client, UsesNoProxyForLoopback) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);  // nothing listens there
  const auto server = start([](Request&) { return text("direct"); });
  EXPECT_EQ(testing::get(*server, "/").body, "direct");
  EXPECT_EQ(failure_of({.url = "http://192.0.2.1/"}), ErrorKind::Unavailable);
  unsetenv("http_proxy");
}

}  // namespace

}  // namespace trainyard::http
