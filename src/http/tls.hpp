#pragma once
// TLS in front of a connection: what the peer says is handed on in plain over a pair of sockets, so
// that everything behind it works as it does without. Internal to src/http; heavy.
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "http/asio_types.hpp"
#include "http/deadline.hpp"
#include "http/server.hpp"

namespace trainyard::http {

using TlsContext = asio::ssl::context;

// TLS 1.2 or newer with ServerOptions::certificate_file and key_file. InvalidInput names the file
// that cannot be used.
std::unique_ptr<TlsContext> make_tls_context(const ServerOptions& options);

// All calls on the io thread of the socket.
class TlsRelay : public std::enable_shared_from_this<TlsRelay> {
 public:
  TlsRelay(Socket peer, TlsContext& context, const ServerOptions& options)
      : options_(options),
        stream_(std::move(peer), context),
        plain_(stream_.get_executor()),
        deadline_(stream_.next_layer()) {}

  // Shakes hands, gives the plain end to `begin`, and returns when both sides have closed. Throws
  // nothing.
  Task<void> run(std::function<void(Socket plain)> begin);
  // Ends a handshake in progress; what was begun goes on until its plain end closes.
  void stop_soon();
  // Breaks the connection.
  void break_off();

 private:
  Task<bool> shake_hands();
  Socket open_pair();
  Task<void> receive();  // peer → plain
  Task<void> send();     // plain → peer
  std::weak_ptr<void> weak() { return weak_from_this(); }

  const ServerOptions& options_;
  asio::ssl::stream<Socket> stream_;
  Socket plain_;
  Deadline deadline_;
  bool shaking_hands_ = true;
};

}  // namespace trainyard::http
