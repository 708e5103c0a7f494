#pragma once
// For tests: servers with plain error bodies, and raw sockets to talk to them with.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "http/client.hpp"
#include "http/server.hpp"

namespace trainyard::http::testing {

using std::chrono::milliseconds;

// The status that fits the error's kind, "<kind>: <text>" as the body.
Response plain_error(const Request& request, const Error& error);
std::unique_ptr<Server> start(Handler handler, ServerOptions options = {});
std::string url_of(const Server& server, std::string_view target);

// A blocking TCP connection to 127.0.0.1; receives fail the test after 10 s.
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

}  // namespace trainyard::http::testing
