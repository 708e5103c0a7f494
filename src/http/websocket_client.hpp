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
// `url` is ws:// or http:// (https and wss: Unsupported; what follows over TLS does so by plain
// HTTP). A refused upgrade throws the Error kind that fits the status, with the body as its
// message.
std::unique_ptr<WebSocketClient> connect_websocket(const std::string& url, const Headers& headers,
                                                   std::chrono::milliseconds timeout);

}  // namespace trainyard::http
