// The part of a connection that follows a source, over HTTP or as a WebSocket.
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/response_plan.hpp"
#include "http/websocket_session.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kStreamChunk = 256 * 1024;
constexpr std::size_t kFairTurn = 32 * 1024;  // who was sent so much lets the others go first
constexpr std::size_t kMaxPipelined = 64 * 1024;
constexpr std::size_t kChunkFrame = 32;  // around the bytes of a chunk, and the last one

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
    std::size_t turn = 0;  // sent without a pause
    while (!peer_gone_ && !core_.stop.stop_requested()) {
      PushSource::Chunk chunk = source.poll(kStreamChunk);
      const bool nothing = chunk.size() == 0, end = chunk.end;
      if (!nothing || end) {
        turn += chunk.size();
        const bool sent = co_await write_chunk(std::move(chunk), plan.chunked);
        if (!sent) co_return false;
      }
      if (end) co_return true;
      if (nothing) co_await wakeup.wait();
      if (turn >= kFairTurn) co_await asio::post(socket_.get_executor(), kAwaitTuple);
      if (nothing || turn >= kFairTurn) turn = 0;
    }
  } catch (const std::exception& error) {
    if (!ends_right(error)) log::error("a stream to {} ends early: {}", peer_, error.what());
  }
  co_return false;
}

// The bytes and the slices are one chunk, unless the slices are chunks of their own.
Task<bool> Connection::write_chunk(PushSource::Chunk chunk, bool chunked) {
  const bool apart = chunk.framed || chunk.slices.empty();
  const std::size_t size = apart ? chunk.bytes.size() : chunk.size();
  std::string before, after;
  before.reserve(chunk.bytes.size() + kChunkFrame);
  if (chunked && size > 0) {
    before += chunk_line(size);
    after = kChunkEnd;
  }
  before += std::exchange(chunk.bytes, {});
  if (apart) before += std::exchange(after, {});
  if (chunked && chunk.end) (chunk.slices.empty() ? before : after) += kLastChunk;
  const bool begun = co_await write(std::move(before));
  if (!begun) co_return false;
  for (FileSlice& slice : chunk.slices) {
    const bool sent = co_await write_slice(std::move(slice));
    if (!sent) co_return false;
  }
  const bool ended = co_await write(std::move(after));
  co_return ended;
}

Task<bool> Connection::write(std::string bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t count =
        ::send(socket_.native_handle(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
    if (count >= 0) continue;
    const bool goes_on = co_await may_go_on(errno);
    if (!goes_on) co_return false;
  }
  co_return true;
}

// The pages of the file go into the socket as they are.
Task<bool> Connection::write_slice(FileSlice slice) {
  auto at = static_cast<off_t>(slice.offset);
  while (slice.length > 0) {
    const ssize_t count = ::sendfile(socket_.native_handle(), slice.file->get(), &at, slice.length);
    if (count == 0) throw Error(ErrorKind::Corrupt, "a file is shorter than it was");
    if (count > 0) slice.length -= static_cast<std::uint64_t>(count);
    if (count >= 0) continue;
    if (errno == EIO || errno == EINVAL || errno == ENOMEM) throw_errno("read a file to be sent");
    const bool goes_on = co_await may_go_on(errno);
    if (!goes_on) co_return false;
  }
  co_return true;
}

// After a call that sends failed. False: the peer is gone, or takes nothing for too long.
Task<bool> Connection::may_go_on(int error) {
  if (error == EINTR) co_return true;
  if (error != EAGAIN && error != EWOULDBLOCK) co_return false;
  deadline_.set(weak(), core_.options.write_timeout);
  const auto [failed] = co_await socket_.async_wait(Socket::wait_write, kAwaitTuple);
  deadline_.clear();
  co_return !failed;
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
                           .stop = core_.stop.get_token()};
  co_await run_websocket(socket_, exchange->head().request, session, wakeup);
  end_following();
}

}  // namespace trainyard::http
