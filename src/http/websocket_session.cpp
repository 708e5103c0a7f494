#include "http/websocket_session.hpp"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace trainyard::http {

namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using Stream = websocket::stream<Socket&, false>;  // without compression

constexpr std::size_t kMaxFrame = 32 * 1024 - 64;
constexpr std::size_t kMaxIncoming = 4 * 1024;
constexpr auto kHandshakeTimeout = std::chrono::seconds(10);  // for the closing one too

beast::http::request<beast::http::empty_body> to_beast(const Request& request) {
  beast::http::request<beast::http::empty_body> message(beast::http::verb::get, request.target, 11);
  for (const auto& [name, value] : request.headers.items()) message.insert(name, value);
  return message;
}

void configure(Stream& stream, const Request& request, const WebSocketSession& session) {
  stream.set_option(websocket::stream_base::timeout{kHandshakeTimeout, session.idle_timeout, true});
  stream.set_option(websocket::stream_base::decorator(
      [name = session.server_name, id = request.request_id](websocket::response_type& response) {
        response.set(beast::http::field::server, name);
        response.set("X-Request-Id", id);
      }));
  stream.read_message_max(kMaxIncoming);
  stream.auto_fragment(false);
  stream.write_buffer_bytes(64);  // the server neither masks nor splits frames, and needs none
  stream.text(true);
}

// Drops what comes; control frames are answered while it reads. Ends with the connection.
Task<void> drop_incoming(Stream& stream) {
  beast::flat_buffer buffer;
  for (;;) {
    const auto [error, count] = co_await stream.async_read(buffer, kAwaitTuple);
    if (error) co_return;
    buffer.clear();
  }
}

// Until the source ends or nothing is read from the peer any more; the code to close with.
Task<std::uint16_t> send_frames(Stream& stream, WebSocketSession& session, Wakeup& wakeup,
                                const bool& reading) {
  while (reading) {
    if (session.stop.stop_requested()) co_return websocket::close_code::going_away;
    PushSource::Chunk chunk = session.source->poll(kMaxFrame);
    if (!chunk.bytes.empty()) {
      const auto [error, count] =
          co_await stream.async_write(asio::buffer(chunk.bytes), kAwaitTuple);
      if (error) break;
    }
    if (chunk.end) break;
    if (chunk.bytes.empty()) co_await wakeup.wait();
  }
  co_return session.close_code;
}

Task<void> serve_accepted(Stream& stream, WebSocketSession& session, Wakeup& wakeup) {
  bool reading = true;
  asio::co_spawn(stream.get_executor(), drop_incoming(stream), [&](std::exception_ptr) {
    reading = false;
    wakeup.notify();
  });
  std::uint16_t code = websocket::close_code::internal_error;
  try {
    code = co_await send_frames(stream, session, wakeup, reading);
  } catch (const std::exception& error) {
    if (ends_right(error)) {
      code = websocket::close_code::policy_error;
    } else {
      log::error("a websocket stream ends early: {}", error.what());
    }
  }
  session.source.reset();
  co_await stream.async_close(websocket::close_reason(code), kAwaitTuple);
  error_code ignored;
  stream.next_layer().cancel(ignored);
  while (reading) co_await wakeup.wait();
}

}  // namespace

bool ends_right(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return known != nullptr && known->kind() == ErrorKind::Unauthenticated;
}

Task<void> run_websocket(Socket& socket, const Request& request, WebSocketSession& session,
                         Wakeup& wakeup) {
  try {
    Stream stream(socket);
    configure(stream, request, session);
    session.source->on_ready(wakeup.ring());
    const auto [error] = co_await stream.async_accept(to_beast(request), kAwaitTuple);
    if (error) {
      log::debug("the upgrade of {} failed: {}", request.peer, error.message());
      co_return;
    }
    co_await serve_accepted(stream, session, wakeup);
  } catch (const std::exception& error) {
    log::error("websocket of {}: {}", request.peer, error.what());
  }
}

}  // namespace trainyard::http
