#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "http/server.hpp"
#include "http/testing.hpp"
#include "http/websocket_client.hpp"

namespace trainyard::http {

namespace {

using testing::FakeLog;
using testing::kPatience;
using testing::RawSocket;
using testing::start;
using testing::text;
using testing::url_of;
using namespace std::chrono_literals;

std::unique_ptr<Server> serve_log(const std::shared_ptr<FakeLog>& log, std::uint16_t code = 1000,
                                  ServerOptions options = {}) {
  return start(
      [weak = std::weak_ptr(log), code](Request&) -> Answer {
        return WebSocketAccept{weak.lock(), code};
      },
      std::move(options));
}

std::string upgrade_request() {
  return "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

// A masked client frame (with a mask of zeros) of at most 125 bytes.
std::string client_frame(int opcode, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x80 | opcode);
  frame += static_cast<char>(0x80 | payload.size());
  frame += std::string(4, '\0');
  return frame.append(payload);
}

TEST(ServerWebSocket, SendsFramesAndClosesWithTheCode) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log, 4001);
  log->append("one");
  const auto client = connect_websocket(url_of(*server, "/"), {.timeout = kPatience});
  EXPECT_EQ(client->next(kPatience), "one");
  log->append("two");
  EXPECT_EQ(client->next(kPatience), "two");
  log->finish();
  EXPECT_EQ(client->next(kPatience), std::nullopt);
  EXPECT_EQ(client->close_code(), 4001);
  EXPECT_EQ(client->next(kPatience), std::nullopt);
}

TEST(ServerWebSocket, KeepsFramesBelowTheLimitOfCommonClients) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  std::string all;
  for (int i = 0; all.size() < 300'000; ++i) all += fmt::format("line {}\n", i);
  log->append(all);
  log->finish();
  const auto client = connect_websocket(url_of(*server, "/"), {.timeout = kPatience});
  std::string received;
  while (const auto frame = client->next(kPatience)) {
    EXPECT_LT(frame->size(), 32768u);
    received += *frame;
  }
  EXPECT_EQ(received, all);
  EXPECT_EQ(client->close_code(), 1000);
}

TEST(ServerWebSocket, GivesHeadersAndTargetToTheHandler) {
  std::string seen;
  const auto server = start([&](Request& request) -> Answer {
    seen = fmt::format("{} {}", request.target, request.headers.get("Authorization").value_or(""));
    auto log = std::make_shared<FakeLog>();
    log->finish();
    return WebSocketAccept{log};
  });
  const auto client =
      connect_websocket(url_of(*server, "/v3/models/a%2Fb/monitor?last=3"),
                        {.headers = {{"Authorization", "bearer abc"}}, .timeout = kPatience});
  EXPECT_EQ(client->next(kPatience), std::nullopt);
  EXPECT_EQ(seen, "/v3/models/a%2Fb/monitor?last=3 bearer abc");
}

TEST(ServerWebSocket, ARefusalCarriesKindAndBody) {
  const auto server = start([](Request& request) -> Answer {
    EXPECT_TRUE(is_websocket_upgrade(request));
    throw Error(ErrorKind::NotFound, "no such run");
  });
  try {
    connect_websocket(url_of(*server, "/"), {.timeout = kPatience});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_STREQ(error.what(), "not_found: no such run");
  }
}

TEST(ServerWebSocket, AnswersPingsAndDropsText) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  RawSocket socket(server->port());
  socket.send(upgrade_request());
  const std::string head = socket.receive_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
  EXPECT_NE(head.find("X-Request-Id: "), std::string::npos);
  socket.send(client_frame(0x1, "dropped"));
  socket.send(client_frame(0x9, "are you there"));
  EXPECT_EQ(socket.receive_until("there"),
            "\x8a\x0d"
            "are you there");
  log->append("text");
  EXPECT_EQ(socket.receive_until("text"), "\x81\x04text");
  socket.send(client_frame(0x8, "\x03\xe8"));
  EXPECT_EQ(socket.receive_all(), "\x88\x02\x03\xe8");
}

TEST(ServerWebSocket, WantsOneKeyOfSixteenBytes) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  for (const std::string& keys :
       {std::string("Sec-WebSocket-Key: short\r\n"), std::string("Sec-WebSocket-Key:\r\n"),
        std::string("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!=\r\n"),
        std::string("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWQ=\r\n"), std::string(), key + key}) {
    auto request = upgrade_request();
    request.replace(request.find(key), key.size(), keys);
    RawSocket socket(server->port());
    socket.send(request);
    const auto head = socket.receive_until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 400 ")) << keys << head;
  }
}

TEST(ServerWebSocket, EndsAPeerThatSendsTooMuch) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  auto released = log->released();
  RawSocket socket(server->port());
  socket.send(upgrade_request());
  socket.receive_until("\r\n\r\n");
  log.reset();
  std::string frame("\x81\xfe\x20\x00\0\0\0\0", 8);  // a text of 8 KiB
  socket.send(frame.append(8192, 'x'));
  const std::string answer = socket.receive_all();
  EXPECT_TRUE(answer.starts_with("\x88")) << "a close frame";
  EXPECT_EQ(answer.substr(2, 2), "\x03\xf1");  // 1009
  EXPECT_EQ(released.wait_for(kPatience), std::future_status::ready);
}

TEST(ServerWebSocket, PingsAnIdlePeer) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log, 1000, {.idle_timeout = 100ms});
  RawSocket socket(server->port());
  socket.send(upgrade_request());
  std::string received = socket.receive_until("\r\n\r\n");
  received.erase(0, received.find("\r\n\r\n") + 4);
  if (received.empty()) received = socket.receive_some();
  EXPECT_EQ(received.substr(0, 1), "\x89");
}

TEST(ServerWebSocket, EndsAPeerThatAnswersNoPing) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log, 1000, {.idle_timeout = 50ms});
  auto released = log->released();
  RawSocket socket(server->port());
  socket.send(upgrade_request());
  socket.receive_until("\r\n\r\n");
  log.reset();
  EXPECT_EQ(released.wait_for(kPatience), std::future_status::ready);
}

TEST(ServerWebSocket, ReleasesTheSourceWhenThePeerIsGone) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  auto released = log->released();
  auto client = connect_websocket(url_of(*server, "/"), {.timeout = kPatience});
  log->append("here");
  EXPECT_EQ(client->next(kPatience), "here");
  log.reset();
  client.reset();
  EXPECT_EQ(released.wait_for(kPatience), std::future_status::ready);
}

TEST(ServerWebSocket, StopClosesWithGoingAway) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  const auto client = connect_websocket(url_of(*server, "/"), {.timeout = kPatience});
  log->append("here");
  EXPECT_EQ(client->next(kPatience), "here");
  auto stopped = std::async(std::launch::async, [&] { server->stop(kPatience); });
  EXPECT_EQ(client->next(kPatience), std::nullopt);
  EXPECT_EQ(client->close_code(), 1001);
}

TEST(WebSocketClient, TimesOutAndGoesOn) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  const auto client = connect_websocket(url_of(*server, "/"), {.timeout = kPatience});
  try {
    client->next(10ms);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Timeout);
  }
  log->append("after all");
  EXPECT_EQ(client->next(kPatience), "after all");
}

TEST(WebSocketClient, SaysWhatWentWrong) {
  const auto kind = [](const std::string& url, std::chrono::milliseconds timeout) {
    try {
      connect_websocket(url, {.timeout = timeout});
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::Internal;
  };
  std::uint16_t free_port = 0;
  {
    free_port = start([](Request&) { return text(""); })->port();
  }
  EXPECT_EQ(kind(fmt::format("ws://127.0.0.1:{}/", free_port), kPatience), ErrorKind::Unavailable);
  EXPECT_EQ(kind("nonsense", kPatience), ErrorKind::InvalidInput);
  testing::RawServer silent([](RawSocket socket, int) { socket.receive_all(); });
  EXPECT_EQ(kind(fmt::format("ws://127.0.0.1:{}/", silent.port()), 50ms), ErrorKind::Timeout);
}

TEST(WebSocketClient, ABrokenConnectionIsUnavailable) {
  testing::RawServer server([](RawSocket socket, int) {
    const std::string request = socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n");  // and leaves
  });
  try {
    connect_websocket(fmt::format("ws://127.0.0.1:{}/", server.port()), {.timeout = kPatience});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  }
}

}  // namespace

}  // namespace trainyard::http
