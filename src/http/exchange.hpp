#pragma once
// One request and its answer, on a worker thread. Internal to src/http.
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "http/body_reader.hpp"
#include "http/peer_socket.hpp"
#include "http/read_buffer.hpp"
#include "http/request_parser.hpp"
#include "http/response_plan.hpp"
#include "http/server.hpp"
#include "http/worker_pool.hpp"

namespace trainyard::http {

// What all connections of a server share; all of it is thread-safe.
struct ServerShared {
  ServerShared(ServerOptions server_options, Handler request_handler, ErrorHandler error_handler)
      : options(std::move(server_options)),
        handler(std::move(request_handler)),
        on_error(std::move(error_handler)),
        workers(options.worker_threads) {}

  ServerOptions options;
  Handler handler;
  ErrorHandler on_error;
  WorkerPool workers;
  std::stop_source stop;  // requested when the server stops
};

// The answer to an error: `on_error`'s, with `status` in place of its own for a ProtocolError.
// Never throws.
Response error_response(const ServerShared& shared, const Request& request,
                        const Error& error) noexcept;

class Exchange {
 public:
  // What the connection does when the worker is done.
  enum class Next { KeepAlive, Close, Follow, WebSocket };

  Exchange(ServerShared& shared, int socket, ReadBuffer& buffer)
      : shared_(shared),
        buffer_(buffer),
        socket_(socket, shared.workers, shared.options.body_timeout, shared.options.write_timeout) {
  }

  RequestHead& head() { return head_; }
  // Found before a handler could run; it is then the answer and the connection closes.
  void set_problem(const ProtocolError& problem) { problem_ = problem; }
  const std::optional<ProtocolError>& problem() const { return problem_; }

  void run() noexcept;

  // Valid after run().
  Next next() const { return next_; }
  // KeepAlive: the rest of the request's body, which is to be skipped.
  SocketBodyReader& body() { return *body_; }
  // Bytes of the request may still come; closing at once would reset the connection under them.
  bool unread_input() const { return problem_ || !body_->finished() || !buffer_.empty(); }
  std::shared_ptr<PushSource> take_source() { return std::move(source_); }
  std::uint16_t close_code() const { return close_code_; }
  // Follow: what goes before the source's bytes, whether those are chunked, and what comes after.
  const ResponsePlan& plan() const { return plan_; }

 private:
  Answer call_handler();
  void reply(Response response);
  void send(Response& response);
  void start(PeerSocket::More more = PeerSocket::More::No);  // sends the head
  void send_text(const std::string& text);
  void send_pull(const PullBody& body);
  void log_failure(std::string_view doing, const std::exception& error) const;
  ResponseContext context() const;

  ServerShared& shared_;
  ReadBuffer& buffer_;
  PeerSocket socket_;
  RequestHead head_;
  std::optional<ProtocolError> problem_;
  std::optional<SocketBodyReader> body_;
  ResponsePlan plan_;
  bool started_ = false;  // a byte of the answer went out
  Next next_ = Next::Close;
  std::shared_ptr<PushSource> source_;
  std::uint16_t close_code_ = 1000;
};

}  // namespace trainyard::http
