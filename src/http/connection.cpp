#include "http/connection.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/associated_executor.hpp>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kFirstRead = 2 * 1024;  // most heads; what an idle connection holds
constexpr std::size_t kMoreRead = 16 * 1024;
constexpr std::size_t kIdPrefix = 12;  // bytes; with the count an id has 32 digits (wml-v3 a.6)
constexpr std::size_t kShortBody = 64 * 1024;  // read before a worker is taken
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

// A body whose framing is broken counts as whole: there is no waiting for more of it.
bool holds_body(const RequestHead& head, std::string_view received) {
  if (!head.chunked) return received.size() >= head.content_length;
  try {
    ChunkedDecoder decoder;
    decoder.skip(received);
    return decoder.done();
  } catch (const ProtocolError&) {
    return true;  // the handler's reader finds it again, and answers
  }
}

void skip_empty_lines(ReadBuffer& buffer) {
  while (buffer.data().starts_with("\r\n")) buffer.consume(2);
}

}  // namespace

std::string name_of(const Socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const auto address = endpoint.address();
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), endpoint.port())
                         : fmt::format("{}:{}", address.to_string(), endpoint.port());
}

void find_dead_peers(Socket& socket) {
  error_code ignored;
  socket.set_option(Socket::keep_alive(true), ignored);
  constexpr std::pair<int, int> kOptions[] = {
      {TCP_KEEPIDLE, 60}, {TCP_KEEPINTVL, 20}, {TCP_KEEPCNT, 3}};
  for (const auto& [option, value] : kOptions) {
    setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  }
}

ServerCore::ServerCore(ServerOptions server_options, Handler request_handler,
                       ErrorHandler error_handler)
    : ServerShared(std::move(server_options), std::move(request_handler), std::move(error_handler)),
      id_prefix(random_hex(kIdPrefix)) {}

std::string ServerCore::next_request_id() {
  return fmt::format("{}{:08x}", id_prefix, id_count.fetch_add(1, std::memory_order_relaxed));
}

Connection::Connection(Socket socket, ServerCore& core)
    : core_(core), socket_(std::move(socket)), peer_(name_of(socket_)), deadline_(socket_) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  find_dead_peers(socket_);
  socket_.native_non_blocking(true, ignored);
}

Connection::Connection(Socket socket, ServerCore& core, std::string peer)
    : core_(core),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      secure_(true),
      deadline_(socket_) {}

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
  exchange->head().request.secure = secure_;
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
      co_return co_await skip_body(exchange->body());
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
  RequestHead& head = exchange.head();
  if (exchange.problem() || head.content_length > kShortBody) co_return true;
  const bool asked = co_await ask_for_short_body(head);
  if (!asked) co_return false;
  deadline_.set(weak(), core_.options.body_timeout);
  while (!holds_body(head, buffer_.data()) && buffer_.size() < kShortBody) {
    const std::size_t rest = kShortBody - buffer_.size();
    const std::size_t count =
        co_await read_more(head.chunked ? rest : head.content_length - buffer_.size());
    if (count > 0) continue;
    if (!deadline_.expired()) co_return head.chunked;  // whoever reads finds the end missing
    exchange.set_problem(
        ProtocolError(408, ErrorKind::Timeout, "the request body did not arrive in time"));
    break;
  }
  co_return true;
}

// A refusal would spare the peer a few KiB at the cost of a connection: it is asked for them
// before anybody looks at the request.
Task<bool> Connection::ask_for_short_body(RequestHead& head) {
  if (!head.expect_continue || holds_body(head, buffer_.data())) co_return true;
  head.expect_continue = false;
  co_return co_await write("HTTP/1.1 100 Continue\r\n\r\n");
}

// Skips the rest of a body that the handler left, for the sake of the connection.
Task<bool> Connection::skip_body(SocketBodyReader& body) {
  deadline_.set(weak(), core_.options.body_timeout);
  std::uint64_t dropped = buffer_.size();
  try {
    while (!body.drop_received()) {
      const std::size_t count =
          dropped > SocketBodyReader::kWorthSkipping ? 0 : co_await read_more(kMoreRead);
      if (count == 0) co_return false;
      dropped += count;
    }
  } catch (const Error& error) {
    log::debug("the rest of a body of {} could not be skipped: {}", peer_, error.what());
    co_return false;
  }
  co_return true;
}

// The bytes added to the buffer; 0 when the peer closed, the deadline passed or the server stops.
Task<std::size_t> Connection::read_more(std::size_t room) {
  if (deadline_.expired() || (core_.stop.stop_requested() && phase_ == Phase::Waiting)) co_return 0;
  const auto into = buffer_.prepare(std::min(room, kMoreRead));
  const auto [error, count] =
      co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kAwaitTuple);
  if (error) co_return 0;
  buffer_.commit(count);
  co_return count;
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
