#pragma once
// The server's side of a WebSocket that follows a source. Internal to src/http; heavy.
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "http/asio_types.hpp"
#include "http/server.hpp"
#include "http/wakeup.hpp"

namespace trainyard::http {

struct WebSocketSession {
  std::shared_ptr<PushSource> source;
  std::uint16_t close_code = 1000;
  std::chrono::milliseconds idle_timeout{0};  // a ping at half of it, an end after all of it
  std::string server_name;
  std::stop_token stop;  // checked when the wakeup rings: close with 1001
};

// Did a source throw this because the peer's right to it has ended?
bool ends_right(const std::exception& error);

// Answers the upgrade `request`, sends until the source or the peer ends, and closes. Throws
// nothing. `wakeup` is rung by the source and by whoever requests `stop`.
Task<void> run_websocket(Socket& socket, const Request& request, WebSocketSession& session,
                         Wakeup& wakeup);

}  // namespace trainyard::http
