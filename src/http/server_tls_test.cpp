#include <gtest/gtest.h>

#include <thread>

#include "base/files.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "http/testing.hpp"
#include "http/testing_certificate.hpp"
#include "http/websocket_client.hpp"

namespace trainyard::http {
namespace {

class ServerTls : public ::testing::Test {
 protected:
  ServerTls() { testing::write_certificate(certificate_, key_); }

  std::unique_ptr<Server> serve_tls(Handler handler, ServerOptions options = {}) {
    options.certificate_file = certificate_;
    options.key_file = key_;
    return testing::start(std::move(handler), options);
  }
  std::string url(const Server& server, const std::string& path) {
    return "https://127.0.0.1:" + std::to_string(server.port()) + path;
  }
  std::unique_ptr<Client> trusting() { return make_client({.ca_file = certificate_}); }
  ClientResponse get(const Server& server, const std::string& path) {
    ClientRequest request;
    request.url = url(server, path);
    return trusting()->send(request);
  }

  TempDir dir_;
  const std::string certificate_ = dir_.path() / "certificate.pem", key_ = dir_.path() / "key.pem";
};

TEST_F(ServerTls, AnswersThoseWhoTrustItsCertificate) {
  const auto server = serve_tls([](Request& request) {
    EXPECT_TRUE(request.secure);
    EXPECT_EQ(request.peer.substr(0, 10), "127.0.0.1:");
    return testing::text(request.body->read_all(1 << 24));
  });
  const auto client = trusting();
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{3'000'000}}) {
    const std::string sent(size, 'x');
    const auto body = body_of(sent);
    ClientRequest request;
    request.method = "PUT";
    request.url = url(*server, "/");
    request.body = body.get();
    EXPECT_EQ(client->send(request).body, sent);
  }
}

TEST_F(ServerTls, IsNotTrustedWithoutItsCertificate) {
  const auto server = serve_tls([](Request&) { return testing::text("hello"); });
  ClientRequest request;
  request.url = url(*server, "/");
  EXPECT_EQ(testing::failure_of(request), ErrorKind::Corrupt);
}

TEST_F(ServerTls, EndsAConnectionThatDoesNotSpeakIt) {
  const auto server = serve_tls([](Request&) { return testing::text("hello"); });
  testing::RawSocket plain(server->port());
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(plain.receive_all().find("HTTP/1.1"), std::string::npos);
  testing::RawSocket silent(server->port());
  const auto short_patience = serve_tls([](Request&) { return testing::text("hello"); },
                                        {.header_timeout = std::chrono::milliseconds(50)});
  testing::RawSocket waiting(short_patience->port());
  EXPECT_EQ(waiting.receive_all(), "");
  EXPECT_EQ(get(*server, "/").body, "hello");
}

TEST_F(ServerTls, StreamsWhatComesAndEndsAtAStop) {
  const auto log = std::make_shared<testing::FakeLog>();
  auto server = serve_tls([&](Request&) {
    Response response;
    response.body = StreamBody{log};
    return response;
  });
  std::string seen;
  std::promise<void> first;
  std::thread follower([&] {
    ClientRequest request;
    request.url = url(*server, "/");
    request.sink = [&](std::string_view bytes) {
      if (seen.empty()) first.set_value();
      seen += bytes;
    };
    EXPECT_THROW(trusting()->send(request), Error);  // the last chunk is missing
  });
  log->append("one\n");
  first.get_future().wait();
  server->stop();
  follower.join();
  EXPECT_EQ(seen, "one\n");
}

TEST_F(ServerTls, CarriesAWebSocket) {
  const auto log = std::make_shared<testing::FakeLog>();
  const auto server = serve_tls([weak = std::weak_ptr(log)](Request& request) -> Answer {
    EXPECT_EQ(request.headers.get("Authorization"), "bearer abc");
    return WebSocketAccept{weak.lock(), 4001};
  });
  const WebSocketOptions trusting{
      {{"Authorization", "bearer abc"}}, testing::kPatience, certificate_};
  const auto client = connect_websocket(url(*server, "/"), trusting);
  log->append("one");
  EXPECT_EQ(client->next(testing::kPatience), "one");
  const std::string long_text(3'000'000, 'x');
  log->append(long_text);
  log->finish();
  std::string rest;
  while (const auto frame = client->next(testing::kPatience)) rest += *frame;
  EXPECT_EQ(rest, long_text);
  EXPECT_EQ(client->close_code(), 4001);
}

std::string refusal(const std::string& url, const std::string& ca_file, ErrorKind kind) {
  try {
    connect_websocket(url, {{}, testing::kPatience, ca_file});
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    return e.what();
  }
  return "nothing was wrong";
}

TEST_F(ServerTls, AWebSocketNeedsATrustedCertificateForItsHost) {
  const auto server = serve_tls([](Request&) { return testing::text("hello"); });
  const auto other =
      serve_tls([](Request&) { return testing::text("hello"); }, {.host = "127.0.0.2"});
  const std::string elsewhere = "wss://127.0.0.2:" + std::to_string(other->port()) + "/?secret=1";
  const auto place = [](const Server& s, const char* host) {
    return std::string(host) + ":" + std::to_string(s.port());
  };
  EXPECT_EQ(refusal(url(*server, "/?secret=1"), "", ErrorKind::Corrupt),
            "the certificate of " + place(*server, "127.0.0.1") +
                " (trusted are the system's authorities) is refused: self-signed certificate");
  EXPECT_EQ(refusal(elsewhere, certificate_, ErrorKind::Corrupt),
            "the certificate of " + place(*other, "127.0.0.2") +
                " (trusted are the system's authorities and those of " + certificate_ +
                ") is refused: IP address mismatch");
  EXPECT_NE(refusal(url(*server, "/"), key_, ErrorKind::InvalidInput).find(key_ + " is no file of"),
            std::string::npos);
  const auto plain = testing::start([](Request&) { return testing::text("hello"); });
  EXPECT_NE(refusal(url(*plain, "/"), "", ErrorKind::Unavailable).find("no TLS to 127.0.0.1:"),
            std::string::npos);
}

TEST_F(ServerTls, TheClientSaysWhyACertificateIsRefused) {
  const auto other =
      serve_tls([](Request&) { return testing::text("hello"); }, {.host = "127.0.0.2"});
  ClientRequest request;
  request.url = "https://127.0.0.2:" + std::to_string(other->port()) + "/";
  try {
    trusting()->send(request);
    FAIL() << "the certificate names another host";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    EXPECT_NE(std::string(e.what()).find("matches target host name '127.0.0.2'"), std::string::npos)
        << e.what();
    EXPECT_NE(std::string(e.what()).find("and those of " + certificate_ + ")"), std::string::npos)
        << e.what();
  }
}

TEST_F(ServerTls, SaysWhichFileItCannotUse) {
  const auto refused = [&](const std::string& certificate, const std::string& key) {
    try {
      serve({.certificate_file = certificate, .key_file = key}, {}, {});
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
      return std::string(e.what());
    }
    return std::string("nothing was wrong");
  };
  EXPECT_NE(refused("/none.pem", key_).find("/none.pem is no certificate"), std::string::npos);
  EXPECT_NE(refused(certificate_, certificate_).find("is no key"), std::string::npos);
}

}  // namespace
}  // namespace trainyard::http
