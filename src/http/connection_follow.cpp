// The part of a connection that follows a source, over HTTP or as a WebSocket.
#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/response_plan.hpp"
#include "http/websocket_session.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kStreamChunk = 64 * 1024;
constexpr std::size_t kMaxPipelined = 64 * 1024;

}  // namespace

// Sends a source's bytes as they come, while watching whether the peer is still there.
Task<bool> Connection::follow(std::unique_ptr<Exchange> exchange) {
  auto source = exchange->take_source();
  const ResponsePlan plan = exchange->plan();
  exchange.reset();  // the request is not needed while following, which may take days
  buffer_.shrink();

  Wakeup wakeup(socket_.get_executor());
  source->on_ready(wakeup.ring());
  start_following(wakeup);
  bool watching = true;
  asio::co_spawn(socket_.get_executor(), watch_peer(), [&](std::exception_ptr) {
    watching = false;
    wakeup.notify();
  });
  const bool complete = co_await send_stream(*source, plan, wakeup);
  source.reset();
  end_following();
  while (watching) co_await wakeup.wait();
  co_return complete&& plan.keep_alive && !peer_gone_;
}

void Connection::start_following(Wakeup& wakeup) {
  phase_ = Phase::Following;
  peer_gone_ = false;
  wakeup_ = &wakeup;
}

void Connection::end_following() {
  phase_ = Phase::Ending;
  wakeup_ = nullptr;
  error_code ignored;
  socket_.cancel(ignored);  // ends watch_peer
}

// True when the source came to its end and all of it was sent.
Task<bool> Connection::send_stream(PushSource& source, const ResponsePlan& plan, Wakeup& wakeup) {
  try {
    const bool started = co_await write(plan.head);
    if (!started) co_return false;
    while (!peer_gone_ && !core_.stopping) {
      PushSource::Chunk chunk = source.poll(kStreamChunk);
      const bool nothing = chunk.bytes.empty();
      if (!nothing && plan.chunked) chunk.bytes = chunk_of(chunk.bytes);
      if (chunk.end && plan.chunked) chunk.bytes += kLastChunk;
      const bool sent = co_await write(std::move(chunk.bytes));
      if (!sent) co_return false;
      if (chunk.end) co_return true;
      if (nothing) co_await wakeup.wait();
    }
  } catch (const std::exception& error) {
    if (!ends_right(error)) log::error("a stream to {} ends early: {}", peer_, error.what());
  }
  co_return false;
}

Task<bool> Connection::write(std::string bytes) {
  if (bytes.empty()) co_return true;
  deadline_.set(weak(), core_.options.write_timeout);
  const auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes), kAwaitTuple);
  deadline_.clear();
  co_return !error;
}

// Until following ends or the peer closes. What it sends meanwhile is its next request.
Task<void> Connection::watch_peer() {
  char bytes[256];
  while (phase_ == Phase::Following) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(bytes), kAwaitTuple);
    if (phase_ != Phase::Following && error) co_return;
    peer_gone_ = error || buffer_.size() + count > kMaxPipelined;
    if (peer_gone_) co_return;
    const auto into = buffer_.prepare(count);
    std::copy_n(bytes, count, into.begin());
    buffer_.commit(count);
  }
}

Task<void> Connection::serve_websocket(std::unique_ptr<Exchange> exchange) {
  Wakeup wakeup(socket_.get_executor());
  start_following(wakeup);
  WebSocketSession session{.source = exchange->take_source(),
                           .close_code = exchange->close_code(),
                           .idle_timeout = core_.options.idle_timeout,
                           .server_name = core_.options.server_name,
                           .stopping = core_.stopping};
  co_await run_websocket(socket_, exchange->head().request, session, wakeup);
  end_following();
}

}  // namespace trainyard::http
