#include "http/client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
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

using testing::RawServer;
using testing::RawSocket;
using testing::start;
using testing::text;
using testing::url_of;
using namespace std::chrono_literals;

std::string url_of(const RawServer& server, std::string_view target = "/") {
  return fmt::format("http://127.0.0.1:{}{}", server.port(), target);
}

ErrorKind kind_of(const ClientRequest& request, std::string* message = nullptr) {
  try {
    make_client()->send(request);
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

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
  EXPECT_EQ(kind_of({.method = "PUT", .url = url_of(*server, "/"), .body = &body}),
            ErrorKind::Internal);
}

TEST(Client, LimitsTheBodyItKeeps) {
  const auto server = start([](Request&) { return text("12345"); });
  EXPECT_EQ(make_client()->send({.url = url_of(*server, "/"), .max_body = 5}).body, "12345");
  EXPECT_EQ(kind_of({.url = url_of(*server, "/"), .max_body = 4}), ErrorKind::TooLarge);
}

TEST(Client, ATruncatedAnswerIsUnavailable) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Le", ""}) {
    RawServer server([&](RawSocket socket, int) {
      socket.receive_until("\r\n\r\n");
      socket.send(answer);
    });
    EXPECT_EQ(kind_of({.url = url_of(server)}), ErrorKind::Unavailable) << answer;
  }
}

TEST(Client, AResetIsUnavailable) {
  RawServer server([](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.reset();
  });
  EXPECT_EQ(kind_of({.url = url_of(server)}), ErrorKind::Unavailable);
}

TEST(Client, NamesThePlaceWithoutTheQuery) {
  std::uint16_t port = 0;
  {
    port = start([](Request&) { return text(""); })->port();
  }
  std::string message;
  EXPECT_EQ(kind_of({.url = fmt::format("http://127.0.0.1:{}/a/b?X-Amz-Signature=secret", port)},
                    &message),
            ErrorKind::Unavailable);
  EXPECT_TRUE(message.starts_with(fmt::format("GET http://127.0.0.1:{}/a/b: ", port))) << message;
  EXPECT_EQ(message.find("secret"), std::string::npos) << message;
}

TEST(Client, NonsenseIsInvalidInput) {
  EXPECT_EQ(kind_of({.url = "nonsense"}), ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of({.url = "file:///etc/passwd"}), ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}}),
            ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of({.url = "http://127.0.0.1:1/", .headers = {{"A\nB", "c"}}}),
            ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of({.method = "GET / HTTP/1.1\r\nX: y", .url = "http://127.0.0.1:1/"}),
            ErrorKind::InvalidInput);
}

TEST(Client, UnresolvableHostsAreUnavailable) {
  EXPECT_EQ(kind_of({.url = "http://no-such-host.invalid/"}), ErrorKind::Unavailable);
}

TEST(Client, StallsAndLongTransfersTimeOut) {
  RawServer silent([](RawSocket socket, int) { socket.receive_all(); });
  EXPECT_EQ(kind_of({.url = url_of(silent), .stall_timeout = 50ms}), ErrorKind::Timeout);
  EXPECT_EQ(kind_of({.url = url_of(silent), .total_timeout = 50ms}), ErrorKind::Timeout);
  RawServer halting([](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
    socket.receive_all();
  });
  EXPECT_EQ(kind_of({.url = url_of(halting), .stall_timeout = 50ms}), ErrorKind::Timeout);
}

TEST(Client, AStopEndsATransferAtOnce) {
  std::stop_source stop;
  RawServer silent([&](RawSocket socket, int) {
    socket.receive_until("\r\n\r\n");
    stop.request_stop();
    socket.receive_all();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of({.url = url_of(silent), .stop = stop.get_token()}), ErrorKind::Canceled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 900ms);
  EXPECT_EQ(kind_of({.url = url_of(silent), .stop = stop.get_token()}), ErrorKind::Canceled);
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
  EXPECT_EQ(kind_of({.url = url_of(server)}), ErrorKind::Unavailable);
  EXPECT_EQ(connections, 1);
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
  EXPECT_EQ(kind_of({.url = "http://192.0.2.1/"}), ErrorKind::Unavailable);
  unsetenv("http_proxy");
}

}  // namespace

}  // namespace trainyard::http
