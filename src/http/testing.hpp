#pragma once
// For tests: servers with plain error bodies, and raw sockets to talk to them with.
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "http/client.hpp"
#include "http/server.hpp"

namespace trainyard::http::testing {

using std::chrono::milliseconds;

// How long a test waits for what should happen at once, on a machine that is busy with others.
inline constexpr milliseconds kPatience{60'000};

// A 200 with that body.
Response text(std::string body);
// The status that fits the error's kind, "<kind>: <text>" as the body.
Response plain_error(const Request& request, const Error& error);
std::unique_ptr<Server> start(Handler handler, ServerOptions options = {});
std::string url_of(const Server& server, std::string_view target);
ClientResponse get(const Server& server, std::string_view target);

// What a gzip stream holds; throws Corrupt when it is none. With Cut::Yes, what can be told of one
// that has not come to its end.
enum class Cut { No, Yes };
std::string gunzip(std::string_view bytes, Cut cut = Cut::No);

// A blocking TCP connection to 127.0.0.1; receives fail the test after kPatience.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port);
  explicit RawSocket(Fd connected);

  void send(std::string_view bytes);
  void finish_sending();       // FIN
  void reset();                // RST
  std::string receive_some();  // "" at the end of the stream
  std::string receive_until(std::string_view mark);
  std::string receive_all();
  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

// Accepts connections one after the other and gives each to `serve`, until destroyed.
class RawServer {
 public:
  explicit RawServer(std::function<void(RawSocket, int index)> serve);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::uint16_t port_ = 0;
};

std::string url_of(const RawServer& server, std::string_view target = "/");
// The kind of error, and its text, that a new client's send() fails with; a test failure when it
// does not fail.
ErrorKind failure_of(const ClientRequest& request, std::string* message = nullptr);

// A log that a test writes and a connection follows.
class FakeLog final : public PushSource {
 public:
  ~FakeLog() override { released_.set_value(); }
  void append(std::string_view bytes);
  void finish();

  Chunk poll(std::size_t max) override;
  void on_ready(std::function<void()> wake) override;

  // Become ready when a first connection follows, and when nothing holds the log any more.
  std::future<void> followed() { return followed_.get_future(); }
  std::future<void> released() { return released_.get_future(); }

 private:
  void ring();

  std::mutex mutex_;
  std::string bytes_;
  std::size_t read_ = 0;
  bool finished_ = false;
  std::function<void()> wake_;
  std::promise<void> followed_;
  std::promise<void> released_;
};

}  // namespace trainyard::http::testing
