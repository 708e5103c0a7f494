#include "http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "http/compression.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kSendTogether = 16 * 1024;

}  // namespace

Response error_response(const ServerShared& shared, const Request& request,
                        const Error& error) noexcept {
  const auto* protocol = dynamic_cast<const ProtocolError*>(&error);
  try {
    Response response = shared.on_error(request, error);
    if (protocol != nullptr) response.status = protocol->status();
    return response;
  } catch (const std::exception& e) {
    log::error("the error handler failed: {}", e.what());
    Response plain;
    plain.status = protocol != nullptr ? protocol->status() : 500;
    return plain;
  }
}

void Exchange::run() noexcept {
  try {
    body_.emplace(head_, shared_.options.max_body_bytes, socket_, buffer_);
    head_.request.body = &*body_;
    head_.request.stop = shared_.stop.get_token();
    head_.request.step_aside = [this] {
      return std::make_shared<WorkerPool::Waiting>(shared_.workers);
    };
    Answer answer = call_handler();
    if (auto* accept = std::get_if<WebSocketAccept>(&answer)) {
      source_ = std::move(accept->source);
      close_code_ = accept->close_code;
      next_ = Next::WebSocket;
    } else {
      reply(std::get<Response>(std::move(answer)));
    }
  } catch (const std::exception& error) {
    next_ = Next::Close;
    log_failure("answering", error);
  }
  head_.request.body = nullptr;
}

// What the peer brought about is no news; a defect of ours is.
void Exchange::log_failure(std::string_view doing, const std::exception& error) const {
  const auto* known = dynamic_cast<const Error*>(&error);
  const bool defect = known == nullptr || known->kind() == ErrorKind::Internal ||
                      known->kind() == ErrorKind::Corrupt;
  const log::Level level = defect ? log::Level::Error : log::Level::Debug;
  if (!log::enabled(level)) return;
  log::write(level,
             fmt::format("{} {} {} for {}: {}", doing, head_.request.method,
                         printable(head_.request.raw_path), head_.request.peer, error.what()));
}

Answer Exchange::call_handler() {
  Request& request = head_.request;
  if (problem_) return error_response(shared_, request, *problem_);
  try {
    Answer answer = shared_.handler(request);
    if (std::holds_alternative<WebSocketAccept>(answer) && !is_websocket_upgrade(request)) {
      throw Error(ErrorKind::InvalidInput, "this address speaks WebSocket; ask for an upgrade");
    }
    return answer;
  } catch (const Error& error) {
    log_failure("handling", error);
    return error_response(shared_, request, error);
  } catch (const std::exception& error) {
    log_failure("handling", error);
    return error_response(shared_, request, Error(ErrorKind::Internal, "an internal error"));
  }
}

void Exchange::reply(Response response) {
  try {
    if (shared_.options.compress) compress(head_.request, response);
    plan_ = plan_response(response, context());
    send(response);
  } catch (const Error& error) {
    if (started_) throw;
    log_failure("answering", error);
    Response failed = error_response(shared_, head_.request, error);
    plan_ = plan_response(failed, context());
    send(failed);
  }
}

ResponseContext Exchange::context() const {
  return {.head_request = head_.request.head(),
          .http10 = head_.request.http10,
          .keep_alive = head_.keep_alive && !problem_ && !shared_.stop.stop_requested() &&
                        body_->worth_skipping(),
          .request_id = head_.request.request_id,
          .server_name = shared_.options.server_name};
}

void Exchange::send(Response& response) {
  if (!plan_.send_body) {
    start();
  } else if (auto* stream = std::get_if<StreamBody>(&response.body)) {
    source_ = std::move(stream->source);
    next_ = Next::Follow;
    plan_.keep_alive = plan_.keep_alive && body_->drop_received();
    return;
  } else if (const auto* text = std::get_if<std::string>(&response.body)) {
    send_text(*text);
  } else if (const auto* file = std::get_if<FileBody>(&response.body)) {
    start(file->length > 0 ? PeerSocket::More::Follows : PeerSocket::More::No);
    socket_.send_file(file->file.get(), file->offset, file->length);
  } else {
    send_pull(std::get<PullBody>(response.body));
  }
  next_ = plan_.keep_alive ? Next::KeepAlive : Next::Close;
}

void Exchange::start(PeerSocket::More more) {
  started_ = true;
  socket_.send(plan_.head, more);
}

void Exchange::send_text(const std::string& text) {
  if (text.size() <= kSendTogether) {
    plan_.head += text;
    return start();
  }
  start(PeerSocket::More::Follows);
  socket_.send(text);
}

// The first piece is pulled before the head goes out, so that a body that fails at once is
// answered with the error.
void Exchange::send_pull(const PullBody& body) {
  std::uint64_t sent = 0;
  std::string piece = body.next();
  start(piece.empty() ? PeerSocket::More::No : PeerSocket::More::Follows);
  for (; !piece.empty(); piece = body.next()) {
    sent += piece.size();
    if (body.length && sent > *body.length) {
      throw Error(ErrorKind::Internal, "a body is longer than its announced length");
    }
    socket_.send(plan_.chunked ? chunk_of(piece) : piece);
  }
  if (body.length && sent < *body.length) {
    throw Error(ErrorKind::Internal, "a body is shorter than its announced length");
  }
  if (plan_.chunked) socket_.send(kLastChunk);
}

}  // namespace trainyard::http
