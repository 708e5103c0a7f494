#pragma once
// A small WebSocket client (Boost.Beast), for `monitor`.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "http/message.hpp"

namespace trainyard::http {

class WebSocketClient {
 public:
  virtual ~WebSocketClient() = default;
  // The next text frame; nullopt once the peer closed (close_code() says how).
  // Throws Unavailable when the connection broke, Timeout after `timeout` without a frame.
  virtual std::optional<std::string> next(std::chrono::milliseconds timeout) = 0;
  virtual std::uint16_t close_code() const = 0;
};
struct WebSocketOptions {
  Headers headers;
  std::chrono::milliseconds timeout{30'000};  // until the server took the upgrade
  std::string ca_file;  // PEM; trusted beside the system's authorities; may be empty
};
// `url` is ws:// or http://, or with TLS wss:// or https://. A refused upgrade throws the Error
// kind that fits the status, with the body as its message; a certificate that is not trusted, or
// not for this host, throws Corrupt.
std::unique_ptr<WebSocketClient> connect_websocket(const std::string& url,
                                                   const WebSocketOptions& options);

}  // namespace trainyard::http
