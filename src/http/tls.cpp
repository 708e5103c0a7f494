#include "http/tls.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <exception>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "http/wakeup.hpp"

namespace trainyard::http {
namespace {

constexpr std::size_t kPiece = 16 * 1024;  // a record of TLS
constexpr auto kGoodbye = std::chrono::seconds(2);

void check_file(const error_code& error, const std::string& file, std::string_view what) {
  if (!error) return;
  throw Error(ErrorKind::InvalidInput,
              fmt::format("{} is no {} that can be used: {}", file, what, error.message()));
}

// The only protocol that is spoken here; a client that wants another falls back to it.
int choose_http11(SSL*, const unsigned char** chosen, unsigned char* length,
                  const unsigned char* offered, unsigned offered_length, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, length, kHttp11, sizeof kHttp11 - 1, offered,
                                           offered_length);
  *chosen = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::unique_ptr<TlsContext> make_tls_context(const ServerOptions& options) {
  auto context = std::make_unique<TlsContext>(TlsContext::tls_server);
  context->set_options(TlsContext::no_tlsv1 | TlsContext::no_tlsv1_1 | TlsContext::no_compression);
  error_code error;
  context->use_certificate_chain_file(options.certificate_file, error);
  check_file(error, options.certificate_file, "certificate (PEM)");
  context->use_private_key_file(options.key_file, TlsContext::pem, error);
  check_file(error, options.key_file, "key (PEM) of the certificate");
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_http11, nullptr);
  return context;
}

Task<void> TlsRelay::run(std::function<void(Socket plain)> begin) {
  try {
    const bool ready = co_await shake_hands();
    if (!ready) co_return;
    begin(open_pair());
    Wakeup received(stream_.get_executor());
    bool receiving = true;
    asio::co_spawn(stream_.get_executor(), receive(), [&](std::exception_ptr) {
      receiving = false;
      received.notify();
    });
    try {
      co_await send();
    } catch (const std::exception& error) {
      log::debug("a TLS connection breaks: {}", error.what());
    }
    break_off();
    while (receiving) co_await received.wait();
  } catch (const std::exception& error) {
    log::debug("a TLS connection ends: {}", error.what());
  }
  deadline_.stop();
}

Task<bool> TlsRelay::shake_hands() {
  deadline_.set(weak(), options_.header_timeout);
  const auto [error] =
      co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwaitTuple);
  deadline_.clear();
  shaking_hands_ = false;
  if (error) log::debug("a TLS handshake failed: {}", error.message());
  co_return !error;
}

Socket TlsRelay::open_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    throw_errno("open a pair of sockets");
  }
  plain_.assign(asio::ip::tcp::v4(), ends[0]);
  Socket other(stream_.get_executor());
  other.assign(asio::ip::tcp::v4(), ends[1]);
  return other;
}

Task<void> TlsRelay::receive() {
  std::vector<char> piece(kPiece);
  for (;;) {
    const auto [error, count] = co_await stream_.async_read_some(asio::buffer(piece), kAwaitTuple);
    if (error) break;
    const auto [gone, written] =
        co_await asio::async_write(plain_, asio::buffer(piece.data(), count), kAwaitTuple);
    if (gone) break;
  }
  error_code ignored;
  plain_.shutdown(Socket::shutdown_send, ignored);
}

// Buffers exist only while there is something to send: a follower may be idle for days.
Task<void> TlsRelay::send() {
  for (;;) {
    const auto [failed] = co_await plain_.async_wait(Socket::wait_read, kAwaitTuple);
    if (failed) co_return;
    std::vector<char> piece(kPiece);
    const auto [end, count] = co_await plain_.async_read_some(asio::buffer(piece), kAwaitTuple);
    if (end) break;
    deadline_.set(weak(), options_.write_timeout);
    const auto [gone, written] =
        co_await asio::async_write(stream_, asio::buffer(piece.data(), count), kAwaitTuple);
    deadline_.clear();
    if (gone) co_return;
  }
  deadline_.set(weak(), kGoodbye);
  co_await stream_.async_shutdown(kAwaitTuple);
}

void TlsRelay::stop_soon() {
  error_code ignored;
  if (shaking_hands_) stream_.next_layer().cancel(ignored);
}

void TlsRelay::break_off() {
  error_code ignored;
  stream_.next_layer().shutdown(Socket::shutdown_both, ignored);
  plain_.shutdown(Socket::shutdown_both, ignored);
}

}  // namespace trainyard::http
