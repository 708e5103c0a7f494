// What a server answers to bytes on the wire, seen through raw sockets.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "http/server.hpp"
#include "http/testing.hpp"

namespace trainyard::http {

namespace {

using testing::RawSocket;
using testing::start;
using testing::text;

// Everything the server sends for `bytes` on a connection whose sending half then closes.
std::string talk(const Server& server, std::string_view bytes) {
  RawSocket socket(server.port());
  socket.send(bytes);
  socket.finish_sending();
  return socket.receive_all();
}

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; ++found) {
    at = text.find(word, at + word.size());
  }
  return found;
}

std::unique_ptr<Server> echo_server(ServerOptions options = {}) {
  return start(
      [](Request& request) {
        return text(fmt::format("[{} {} {}]", request.method, request.raw_path,
                                request.body->read_all(1 << 20)));
      },
      std::move(options));
}

TEST(ServerProtocol, AnswersPipelinedRequestsInOrder) {
  const auto server = echo_server();
  const std::string answers =
      talk(*server,
           "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
           "PUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
           "PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
           "2\r\nde\r\n0\r\n\r\n"
           "GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
           "GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::size_t first = answers.find("[GET /1 ]");
  const std::size_t second = answers.find("[PUT /2 abc]");
  const std::size_t third = answers.find("[PUT /3 de]");
  const std::size_t fourth = answers.find("[GET /4 ]");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_LT(third, fourth);
  EXPECT_NE(fourth, std::string::npos);
  EXPECT_EQ(answers.find("never"), std::string::npos);
  EXPECT_EQ(count(answers, "HTTP/1.1 200 OK\r\n"), 4u);
  EXPECT_EQ(count(answers, "Connection: close\r\n"), 1u);
}

TEST(ServerProtocol, TakesAHeadByteByByte) {
  const auto server = echo_server();
  RawSocket socket(server->port());
  const std::string request = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const char byte : request) socket.send(std::string_view(&byte, 1));
  EXPECT_NE(socket.receive_until("]").find("[GET /slow ]"), std::string::npos);
}

TEST(ServerProtocol, SkipsEmptyLinesBeforeARequest) {
  const auto server = echo_server();
  EXPECT_NE(talk(*server, "\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n").find("[GET /a ]"),
            std::string::npos);
}

TEST(ServerProtocol, NeverNormalisesThePath) {
  const auto server = echo_server();
  EXPECT_NE(talk(*server, "GET /bucket//a/../b/./%2e HTTP/1.1\r\nHost: h\r\n\r\n")
                .find("[GET /bucket//a/../b/./%2e ]"),
            std::string::npos);
}

TEST(ServerProtocol, SpeaksHttp10) {
  const auto server = start([](Request&) {
    Response response;
    response.body = PullBody{[left = 2]() mutable { return left-- > 0 ? "ab" : ""; }, {}};
    return response;
  });
  const std::string answer = talk(*server, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabab")) << answer;
}

TEST(ServerProtocol, HeadHasTheLengthAndNoBody) {
  const auto server = echo_server();
  const std::string answers = talk(*server,
                                   "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n"
                                   "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(answers.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_EQ(answers.find("[HEAD"), std::string::npos);
  EXPECT_NE(answers.find("[GET /y ]"), std::string::npos);
}

TEST(ServerProtocol, NamesEveryRequestDifferently) {
  const auto server = echo_server();
  const std::string answers = talk(*server,
                                   "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                                   "GET / HTTP/1.1\r\n\r\n");  // refused: no Host
  const std::size_t first = answers.find("X-Request-Id: ");
  const std::size_t second = answers.find("X-Request-Id: ", first + 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_NE(answers.substr(first, 46), answers.substr(second, 46));
  EXPECT_EQ(count(answers, "\r\nDate: "), 2u);
}

struct BadRequest {
  const char* name;
  const char* bytes;
  const char* status_line;
};
class BadRequests : public ::testing::TestWithParam<BadRequest> {};

TEST_P(BadRequests, AreAnsweredByTheErrorHandlerAndClosed) {
  std::atomic<int> handled{0};
  const auto server = start([&](Request&) {
    ++handled;
    return text("");
  });
  const std::string answer =
      talk(*server, fmt::format("{}GET / HTTP/1.1\r\nHost: h\r\n\r\n", GetParam().bytes));
  EXPECT_TRUE(answer.starts_with(fmt::format("HTTP/1.1 {}\r\n", GetParam().status_line))) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Content-Type: text/plain\r\n"), std::string::npos);
  EXPECT_EQ(count(answer, "X-Request-Id: "), 1u);
  EXPECT_EQ(handled, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadRequests,
    ::testing::Values(
        BadRequest{"Garbage", "\x16\x03\x01\x02\r\n\r\n", "400 Bad Request"},
        BadRequest{"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", "400 Bad Request"},
        BadRequest{"NoHost", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        BadRequest{"BrokenEscape", "GET /%g0 HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"},
        BadRequest{"Smuggling",
                   "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n0\r\n\r\nX",
                   "400 Bad Request"},
        BadRequest{"Expectation", "PUT / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n",
                   "417 Expectation Failed"},
        BadRequest{"Version", "GET / HTTP/3.0\r\nHost: h\r\n\r\n",
                   "505 HTTP Version Not Supported"},
        BadRequest{"TooLong", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n",
                   "413 Content Too Large"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ServerProtocol, RefusesAHeadThatIsTooLong) {
  const auto server = echo_server({.max_header_bytes = 2000});
  const std::string fits = "GET /" + std::string(1900, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_TRUE(talk(*server, fits).starts_with("HTTP/1.1 200 "));
  const std::string whole = "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_TRUE(talk(*server, whole).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(talk(*server, "GET /" + std::string(100'000, 'a')).starts_with("HTTP/1.1 431 "));
}

TEST(ServerProtocol, SendsContinueForALongBodyOnlyWhenTheHandlerReads) {
  const auto server = start([](Request& request) {
    const bool reads = request.path == "/read";
    return text(reads ? std::to_string(request.body->read_all(100'000).size()) : "unread");
  });
  const std::string rest =
      " HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n";
  RawSocket reads(server->port());
  reads.send("PUT /read" + rest);
  EXPECT_EQ(reads.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  reads.send(std::string(100'000, 'x'));
  EXPECT_TRUE(reads.receive_until("100000").starts_with("HTTP/1.1 200 "));

  RawSocket ignores(server->port());
  ignores.send("PUT /skip" + rest);
  const std::string answer = ignores.receive_all();  // closed: nobody knows whether a body comes
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST(ServerProtocol, AsksForAShortBodyAtOnceAndKeepsTheConnection) {
  const auto server = start([](Request& request) { return text("[" + request.path + "]"); });
  RawSocket socket(server->port());
  socket.send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(socket.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send(
      "abcPUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
      "Expect: 100-continue\r\n\r\n");
  const std::string both = socket.receive_until("Continue\r\n\r\n");
  EXPECT_TRUE(both.starts_with("HTTP/1.1 200 ")) << both;
  EXPECT_TRUE(both.ends_with("[/1]HTTP/1.1 100 Continue\r\n\r\n")) << both;
  socket.send("3\r\nabc\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(socket.receive_until("[/3]").find("[/2]"), std::string::npos);
}

TEST(ServerProtocol, SkipsAShortUnreadBodyAndGoesOn) {
  const auto server = start([](Request& request) { return text("[" + request.path + "]"); });
  const std::string body(200'000, 'x');
  const std::string answers =
      talk(*server, fmt::format("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}"
                                "PUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "{:x}\r\n{}\r\n0\r\n\r\n"
                                "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n",
                                body.size(), body, body.size(), body));
  EXPECT_NE(answers.find("[/3]"), std::string::npos) << answers;
  EXPECT_EQ(answers.find("Connection: close"), std::string::npos);
}

TEST(ServerProtocol, ClosesAfterALongUnreadBodyAndTheAnswerArrives) {
  const auto server = start([](Request&) { return text("[no]"); });
  RawSocket socket(server->port());
  socket.send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n");
  socket.send(std::string(500'000, 'x'));
  socket.finish_sending();
  const std::string answer = socket.receive_all();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("[no]"));
}

TEST(ServerProtocol, RefusesABrokenChunkedBody) {
  const auto server = echo_server();
  const std::string answer = talk(
      *server, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST(ServerProtocol, LimitsChunkedBodiesToo) {
  const auto server = echo_server({.max_body_bytes = 10});
  const std::string answer = talk(*server,
                                  "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST(ServerProtocol, ABodyThatEndsEarlyIsUnavailable) {
  std::atomic<bool> unavailable{false};
  const auto server = start([&](Request& request) -> Answer {
    try {
      return text(request.body->read_all(1 << 20));
    } catch (const Error& error) {
      unavailable = error.kind() == ErrorKind::Unavailable;
      throw;
    }
  });
  talk(*server, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  EXPECT_TRUE(unavailable);
  unavailable = false;
  talk(*server, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nhel");
  EXPECT_TRUE(unavailable);
}

TEST(ServerProtocol, RefusesToUpgradeWhenTheHandlerDoesNotMeanTo) {
  const auto server = start([](Request&) -> Answer { return WebSocketAccept{}; });
  EXPECT_TRUE(talk(*server, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

}  // namespace

}  // namespace trainyard::http
