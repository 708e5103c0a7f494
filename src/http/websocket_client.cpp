#include "http/websocket_client.hpp"

#include <fmt/format.h>

#include <exception>
#include <type_traits>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "http/asio_types.hpp"
#include "http/client.hpp"
#include "http/tls_trust.hpp"
#include "http/url.hpp"

namespace trainyard::http {

namespace {

namespace websocket = boost::beast::websocket;
using std::chrono::milliseconds;

constexpr std::size_t kMaxMessage = 1 << 20;

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 400:
      return ErrorKind::InvalidInput;
    case 401:
      return ErrorKind::Unauthenticated;
    case 403:
      return ErrorKind::Forbidden;
    case 404:
    case 410:
      return ErrorKind::NotFound;
    case 409:
      return ErrorKind::Conflict;
    case 408:
    case 504:
      return ErrorKind::Timeout;
    case 429:
    case 502:
    case 503:
      return ErrorKind::Unavailable;
    case 500:
      return ErrorKind::Internal;
    default:
      return ErrorKind::Unsupported;  // it answers, but speaks no WebSocket here
  }
}

[[noreturn]] void refused(const websocket::response_type& response) {
  const int status = static_cast<int>(response.result_int());
  throw Error(kind_of_status(status), response.body().empty()
                                          ? fmt::format("the server answered {}", status)
                                          : response.body());
}

void check(const error_code& error, std::string_view action) {
  if (!error) return;
  throw Error(ErrorKind::Unavailable, fmt::format("{}: {}", action, error.message()));
}

// Over a Socket, or over a TlsStream with its context.
template <typename Next>
class BeastWebSocket final : public WebSocketClient {
 public:
  template <typename... Context>
  explicit BeastWebSocket(Context&... context) : stream_(context_.get_executor(), context...) {}

  void connect(const Url& url, const WebSocketOptions& options) {
    bool done = false;
    std::exception_ptr failure;
    const auto timeout = options.timeout;
    asio::co_spawn(context_.get_executor(), handshake(url, options), [&](std::exception_ptr e) {
      done = true;
      failure = e;
    });
    run_until(done, timeout);
    if (!done) {
      context_.stop();  // nothing may run on; `done` and `failure` end here
      throw Error(ErrorKind::Timeout,
                  fmt::format("{} gave no answer within {} ms", url.authority(), timeout.count()));
    }
    if (failure) std::rethrow_exception(failure);
  }

  std::optional<std::string> next(milliseconds timeout) override {
    if (closed_) return std::nullopt;
    if (!reading_) start_reading();
    run_until(received_, timeout);
    if (!received_) {
      throw Error(ErrorKind::Timeout, fmt::format("nothing came within {} ms", timeout.count()));
    }
    reading_ = false;
    return take();
  }

  std::uint16_t close_code() const override { return close_code_; }

 private:
  Task<void> handshake(const Url& url, const WebSocketOptions& options) {
    asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(context_.get_executor());
    const auto [not_found, addresses] =
        co_await resolver.async_resolve(url.host, std::to_string(url.port), kAwaitTuple);
    check(not_found, fmt::format("find {}", url.host));
    const auto [not_connected, address] =
        co_await asio::async_connect(stream_.next_layer().lowest_layer(), addresses, kAwaitTuple);
    check(not_connected, fmt::format("connect to {}", url.authority()));
    if constexpr (std::is_same_v<Next, TlsStream>) {
      expect_host(stream_.next_layer(), url.host);
      const auto [not_trusted] = co_await stream_.next_layer().async_handshake(
          asio::ssl::stream_base::client, kAwaitTuple);
      check_handshake(stream_.next_layer(), not_trusted,
                      fmt::format("{} ({})", url.authority(), who_is_trusted(options.ca_file)));
    }
    configure(options.headers);
    websocket::response_type response;
    const auto [error] =
        co_await stream_.async_handshake(response, url.authority(), url.target, kAwaitTuple);
    if (error == websocket::error::upgrade_declined) refused(response);
    check(error, fmt::format("open a WebSocket to {}", url.authority()));
  }

  void configure(const Headers& headers) {
    stream_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
      request.set(boost::beast::http::field::user_agent, "trainyard");
      for (const auto& [name, value] : headers.items()) request.set(name, value);
    }));
    stream_.read_message_max(kMaxMessage);
  }

  void start_reading() {
    reading_ = true;
    received_ = false;
    stream_.async_read(buffer_, [this](error_code error, std::size_t) {
      received_ = true;
      read_error_ = error;
    });
  }

  std::optional<std::string> take() {
    if (read_error_ == websocket::error::closed) {
      closed_ = true;
      close_code_ = stream_.reason().code;
      return std::nullopt;
    }
    if (read_error_ == websocket::error::message_too_big) {
      throw Error(ErrorKind::TooLarge, "a message is longer than 1 MiB");
    }
    check(read_error_, "the WebSocket broke");
    std::string message = boost::beast::buffers_to_string(buffer_.data());
    buffer_.clear();
    return message;
  }

  // An operation that is not done in time stays under way.
  void run_until(const bool& done, milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    context_.restart();
    while (!done && context_.run_one_until(deadline) > 0) {
    }
  }

  asio::io_context context_{1};
  websocket::stream<Next, false> stream_;  // without compression
  boost::beast::flat_buffer buffer_;
  bool reading_ = false;
  bool received_ = false;
  bool closed_ = false;
  error_code read_error_;
  std::uint16_t close_code_ = 0;
};

}  // namespace

std::unique_ptr<WebSocketClient> connect_websocket(const std::string& url,
                                                   const WebSocketOptions& options) {
  const Url parsed = parse_url(url);
  if (parsed.scheme == "https" || parsed.scheme == "wss") {
    auto tls = make_client_tls(options.ca_file);
    auto client = std::make_unique<BeastWebSocket<TlsStream>>(tls);
    client->connect(parsed, options);
    return client;
  }
  auto client = std::make_unique<BeastWebSocket<Socket>>();
  client->connect(parsed, options);
  return client;
}

}  // namespace trainyard::http
