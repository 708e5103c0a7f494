#pragma once
// One accepted connection: a coroutine on its io thread. Internal to src/http; heavy.
#include <atomic>
#include <memory>
#include <string>

#include "http/asio_types.hpp"
#include "http/deadline.hpp"
#include "http/exchange.hpp"
#include "http/read_buffer.hpp"
#include "http/wakeup.hpp"

namespace trainyard::http {

struct ServerCore : ServerShared {
  ServerCore(ServerOptions server_options, Handler request_handler, ErrorHandler error_handler);
  std::string next_request_id();

  std::string id_prefix;
  std::atomic<std::uint64_t> id_count{0};
};

// "127.0.0.1:51234"; "unknown" when the peer has gone.
std::string name_of(const Socket& socket);
// A follower's machine may vanish without a word; within two minutes the kernel notices.
void find_dead_peers(Socket& socket);

// All calls on the connection's io thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, ServerCore& core);
  // `socket` is the plain end of a TLS connection with `peer`.
  Connection(Socket socket, ServerCore& core, std::string peer);

  Task<void> run();  // until the connection ends; throws nothing
  // Ends waiting for requests and follow streams; an exchange in progress goes on.
  void stop_soon();
  // Breaks the connection, so that whatever uses it fails.
  void break_off();

 private:
  enum class Phase { Waiting, Exchanging, Following, Ending };

  Task<void> serve_requests();
  Task<bool> serve_one();
  Task<bool> read_head(Exchange& exchange);
  Task<std::size_t> read_more(std::size_t room);
  Task<bool> read_short_body(Exchange& exchange);
  Task<bool> ask_for_short_body(RequestHead& head);
  Task<bool> skip_body(SocketBodyReader& body);
  Task<bool> follow(std::unique_ptr<Exchange> exchange);
  void start_following(Wakeup& wakeup);
  void end_following();
  Task<bool> send_stream(PushSource& source, const ResponsePlan& plan, Wakeup& wakeup);
  Task<bool> write_chunk(PushSource::Chunk chunk, bool chunked);
  Task<bool> write(std::string bytes);
  Task<bool> write_slice(FileSlice slice);
  Task<bool> may_go_on(int error);
  Task<void> watch_peer();
  Task<void> serve_websocket(std::unique_ptr<Exchange> exchange);
  Task<void> linger();

  std::weak_ptr<void> weak() { return weak_from_this(); }

  ServerCore& core_;
  Socket socket_;
  std::string peer_;
  bool secure_ = false;
  ReadBuffer buffer_;
  Deadline deadline_;
  Phase phase_ = Phase::Waiting;
  Wakeup* wakeup_ = nullptr;  // while following
  bool peer_gone_ = false;
  bool unread_input_ = false;  // behind the last answer
};

}  // namespace trainyard::http
