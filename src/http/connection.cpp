#include "http/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "http/websocket_session.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kFirstRead = 2 * 1024;  // most heads; what an idle connection holds
constexpr std::size_t kMoreRead = 16 * 1024;
constexpr std::size_t kShortBody = 64 * 1024;  // read before a worker is taken
constexpr std::size_t kStreamChunk = 64 * 1024;
constexpr std::size_t kMaxPipelined = 64 * 1024;
constexpr std::uint64_t kMaxLinger = 1 << 20;
constexpr auto kLingerTime = std::chrono::seconds(2);

// Suspends the coroutine, runs `work` on a worker thread, resumes on the coroutine's thread.
template <typename Work>
Task<void> on_worker(WorkerPool& workers, Work work) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [&workers, work = std::move(work)](auto handler) mutable {
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        workers.submit([work = std::move(work), resume]() mutable {
          work();
          const auto executor = asio::get_associated_executor(*resume);
          asio::post(executor, std::move(*resume));
        });
      },
      kAwait);
}

std::string name_of(const Socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const auto address = endpoint.address();
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), endpoint.port())
                         : fmt::format("{}:{}", address.to_string(), endpoint.port());
}

void skip_empty_lines(ReadBuffer& buffer) {
  while (buffer.data().starts_with("\r\n")) buffer.consume(2);
}

}  // namespace

ServerCore::ServerCore(ServerOptions server_options, Handler request_handler,
                       ErrorHandler error_handler)
    : ServerShared(std::move(server_options), std::move(request_handler), std::move(error_handler)),
      workers(options.worker_threads),
      id_prefix(random_hex(4)) {}

std::string ServerCore::next_request_id() {
  return fmt::format("{}{:08x}", id_prefix, id_count.fetch_add(1, std::memory_order_relaxed));
}

Connection::Connection(Socket socket, ServerCore& core)
    : core_(core), socket_(std::move(socket)), peer_(name_of(socket_)), deadline_(socket_) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
}

Task<void> Connection::run() {
  try {
    co_await serve_requests();
    phase_ = Phase::Ending;
    if (unread_input_) co_await linger();
  } catch (const std::exception& error) {
    log::error("connection of {}: {}", peer_, error.what());
  }
  deadline_.stop();
  error_code ignored;
  socket_.close(ignored);
}

Task<void> Connection::serve_requests() {
  deadline_.set(weak(), core_.options.header_timeout);
  for (;;) {
    phase_ = Phase::Waiting;
    if (buffer_.empty()) co_await read_more(kFirstRead);
    if (buffer_.empty()) co_return;
    const bool more = co_await serve_one();
    if (!more) co_return;
    buffer_.shrink();
    deadline_.set(weak(), core_.options.idle_timeout);
  }
}

// True when another request may follow.
Task<bool> Connection::serve_one() {
  auto exchange = std::make_unique<Exchange>(core_, socket_.native_handle(), buffer_);
  exchange->head().request.peer = peer_;
  exchange->head().request.request_id = core_.next_request_id();
  deadline_.set(weak(), core_.options.header_timeout);
  const bool head_read = co_await read_head(*exchange);
  if (!head_read) co_return false;
  const bool body_read = co_await read_short_body(*exchange);
  if (!body_read) co_return false;
  deadline_.clear();

  phase_ = Phase::Exchanging;
  co_await on_worker(core_.workers, [&exchange] { exchange->run(); });
  switch (exchange->next()) {
    case Exchange::Next::KeepAlive:
      co_return true;
    case Exchange::Next::Close:
      unread_input_ = exchange->unread_input();
      co_return false;
    case Exchange::Next::Follow:
      co_return co_await follow(std::move(exchange));
    case Exchange::Next::WebSocket:
      co_await serve_websocket(std::move(exchange));
      co_return false;
  }
  co_return false;
}

// False when the peer left before the head was whole. What is wrong with the head is noted in
// the exchange, which answers it.
Task<bool> Connection::read_head(Exchange& exchange) {
  const std::size_t limit = core_.options.max_header_bytes;
  RequestHead& head = exchange.head();
  try {
    std::size_t searched = 0;
    for (;;) {
      skip_empty_lines(buffer_);
      const auto end = find_head_end(buffer_.data(), searched);
      if (end ? *end > limit : buffer_.size() >= limit) {
        throw ProtocolError(431, ErrorKind::TooLarge,
                            fmt::format("the request head is longer than {} bytes", limit));
      }
      if (end) {
        parse_request_head(buffer_.data().substr(0, *end), head);
        buffer_.consume(*end);
        break;
      }
      searched = buffer_.size();
      const std::size_t count = co_await read_more(kFirstRead);
      if (count > 0) continue;
      if (!deadline_.expired()) co_return false;
      throw ProtocolError(408, ErrorKind::Timeout, "the request head did not arrive in time");
    }
    if (head.content_length > core_.options.max_body_bytes) {
      throw ProtocolError(413, ErrorKind::TooLarge,
                          fmt::format("a request body of {} bytes is longer than the {} allowed",
                                      head.content_length, core_.options.max_body_bytes));
    }
  } catch (const ProtocolError& error) {
    exchange.set_problem(error);
  }
  co_return true;
}

// So that a slow sender of a small body holds no worker. False when the peer left.
Task<bool> Connection::read_short_body(Exchange& exchange) {
  const RequestHead& head = exchange.head();
  if (exchange.problem() || head.expect_continue || head.content_length > kShortBody) {
    co_return true;
  }
  deadline_.set(weak(), core_.options.body_timeout);
  while (buffer_.size() < head.content_length) {
    const std::size_t count = co_await read_more(head.content_length - buffer_.size());
    if (count > 0) continue;
    if (!deadline_.expired()) co_return false;
    exchange.set_problem(
        ProtocolError(408, ErrorKind::Timeout, "the request body did not arrive in time"));
    break;
  }
  co_return true;
}

// The bytes added to the buffer; 0 when the peer closed, the deadline passed or the server stops.
Task<std::size_t> Connection::read_more(std::size_t room) {
  if (deadline_.expired() || (core_.stopping && phase_ == Phase::Waiting)) co_return 0;
  const auto into = buffer_.prepare(std::min(room, kMoreRead));
  const auto [error, count] =
      co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kAwaitTuple);
  if (error) co_return 0;
  buffer_.commit(count);
  co_return count;
}

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
    log::error("a stream to {} ends early: {}", peer_, error.what());
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

// Closes so that the peer can read the answer: first our half, then, after the peer's own close
// or a moment, the rest. Closing with unread bytes would reset the connection.
Task<void> Connection::linger() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  if (ignored) co_return;
  deadline_.set(weak(), kLingerTime);
  char scratch[1024];
  std::uint64_t dropped = 0;
  while (dropped < kMaxLinger && !deadline_.expired()) {
    const auto [error, count] =
        co_await socket_.async_read_some(asio::buffer(scratch), kAwaitTuple);
    if (error) co_return;
    dropped += count;
  }
}

void Connection::stop_soon() {
  error_code ignored;
  if (phase_ == Phase::Waiting) socket_.cancel(ignored);
  if (wakeup_ != nullptr) wakeup_->notify();
}

void Connection::break_off() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
}

}  // namespace trainyard::http
