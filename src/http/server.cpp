#include "http/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "http/asio_types.hpp"
#include "http/connection.hpp"
#include "http/tls.hpp"

namespace trainyard::http {

namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr int kBacklog = 4096;
constexpr auto kAcceptPause = std::chrono::milliseconds(500);  // when descriptors ran out

// Counts the connections; a stop waits until none is left.
class Population {
 public:
  std::size_t count() const { return count_; }
  void join() { ++count_; }
  void leave() {
    std::scoped_lock guard(mutex_);
    if (--count_ == 0) empty_.notify_all();
  }
  void wait_empty() {
    std::unique_lock guard(mutex_);
    empty_.wait(guard, [&] { return count_ == 0; });
  }
  bool wait_empty_for(std::chrono::milliseconds time) {
    std::unique_lock guard(mutex_);
    return empty_.wait_for(guard, time, [&] { return count_ == 0; });
  }

 private:
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::condition_variable empty_;
};

// One thread, its io_context and the connections that live on it.
class IoThread {
 public:
  IoThread() : context_(1), work_(context_.get_executor()) {}
  ~IoThread() { join(); }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  Executor executor() { return context_.get_executor(); }
  void start() {
    thread_ = std::thread([this] {
      block_sigpipe();
      context_.run();
    });
  }
  void join() {
    work_.reset();
    if (thread_.joinable()) thread_.join();
  }
  // From any thread. The caller has counted the connection in `population`. `tls`: null for none.
  void adopt(Socket socket, ServerCore& core, Population& population, TlsContext* tls) {
    asio::dispatch(
        executor(), [this, &core, &population, tls, socket = std::move(socket)]() mutable {
          if (core.stop.stop_requested()) return population.leave();
          try {
            if (tls != nullptr) return begin_tls(std::move(socket), core, population, *tls);
            begin(std::make_shared<Connection>(std::move(socket), core), connections_, population);
          } catch (const std::exception& error) {  // no memory
            log::error("a connection cannot be served: {}", error.what());
            population.leave();
          }
        });
  }
  void stop_soon() {
    asio::post(executor(), [this] {
      for (const auto& relay : relays_) relay->stop_soon();
      for (const auto& connection : connections_) connection->stop_soon();
    });
  }
  void break_off() {
    asio::post(executor(), [this] {
      for (const auto& relay : relays_) relay->break_off();
      for (const auto& connection : connections_) connection->break_off();
    });
  }

 private:
  template <typename T>
  using Members = std::unordered_set<std::shared_ptr<T>>;

  // Runs `member`, whatever arguments that takes, and counts it as long as it does.
  template <typename T, typename... Arguments>
  void begin(std::shared_ptr<T> member, Members<T>& members, Population& population,
             Arguments... arguments) {
    members.insert(member);
    asio::co_spawn(executor(), member->run(std::move(arguments)...),
                   [&members, member, &population](std::exception_ptr) mutable {
                     members.erase(member);
                     member.reset();
                     population.leave();
                   });
  }

  // The relay and the connection behind it count one each.
  void begin_tls(Socket socket, ServerCore& core, Population& population, TlsContext& tls) {
    find_dead_peers(socket);
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    std::string peer = name_of(socket);
    std::function<void(Socket)> serve = [this, &core, &population, peer](Socket plain) {
      population.join();
      begin(std::make_shared<Connection>(std::move(plain), core, peer), connections_, population);
    };
    begin(std::make_shared<TlsRelay>(std::move(socket), tls, core.options), relays_, population,
          std::move(serve));
  }

  asio::io_context context_;
  asio::executor_work_guard<Executor> work_;
  Members<Connection> connections_;
  Members<TlsRelay> relays_;
  std::thread thread_;
};

asio::ip::tcp::endpoint endpoint_of(const ServerOptions& options) {
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("'{}' is not an address to listen on; give an IP address such as "
                            "127.0.0.1, or localhost",
                            printable(options.host)));
  }
  return {address, options.port};
}

void check_listening(const error_code& error, const ServerOptions& options) {
  if (!error) return;
  const std::string place = fmt::format("{}:{}", options.host, options.port);
  if (error == asio::error::address_in_use) {
    throw Error(
        ErrorKind::Conflict,
        fmt::format("{} is in use by another program; stop it or choose another port", place));
  }
  if (error == boost::system::errc::address_not_available) {
    throw Error(ErrorKind::InvalidInput, fmt::format("{} is no address of this machine", place));
  }
  throw system_error(fmt::format("listen on {}", place), error.value());
}

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, Handler handler, ErrorHandler on_error)
      : core_(std::move(options), std::move(handler), std::move(on_error)),
        tls_(core_.options.certificate_file.empty() ? nullptr : make_tls_context(core_.options)),
        threads_(std::max(1u, core_.options.io_threads)),
        acceptor_(threads_[0].executor()) {
    listen();
    asio::co_spawn(threads_[0].executor(), accept_all(), asio::detached);
    for (IoThread& thread : threads_) thread.start();
  }
  ~ServerImpl() override { stop(std::chrono::milliseconds(2000)); }

  std::uint16_t port() const override { return port_; }

  void stop(std::chrono::milliseconds grace) override {
    std::scoped_lock guard(stop_mutex_);
    if (!core_.stop.request_stop()) return;
    asio::post(threads_[0].executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    for (IoThread& thread : threads_) thread.stop_soon();
    if (!population_.wait_empty_for(grace)) {
      for (IoThread& thread : threads_) thread.break_off();
      population_.wait_empty();
    }
    core_.workers.stop();
    for (IoThread& thread : threads_) thread.join();
  }

 private:
  void listen() {
    const auto endpoint = endpoint_of(core_.options);
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    check_listening(error, core_.options);
    acceptor_.set_option(Acceptor::reuse_address(true), error);
    acceptor_.bind(endpoint, error);
    check_listening(error, core_.options);
    acceptor_.listen(kBacklog, error);
    check_listening(error, core_.options);
    port_ = acceptor_.local_endpoint().port();
  }

  Task<void> accept_all() {
    for (std::size_t next = 0; !core_.stop.stop_requested(); next = (next + 1) % threads_.size()) {
      auto [error, socket] =
          co_await acceptor_.async_accept(threads_[next].executor(), kAwaitTuple);
      if (core_.stop.stop_requested()) co_return;
      if (error) {
        co_await pause(error);
      } else if (population_.count() >= core_.options.max_connections) {
        refuse(socket);
      } else {
        population_.join();
        threads_[next].adopt(std::move(socket), core_, population_, tls_.get());
      }
    }
  }

  Task<void> pause(error_code error) {
    log::warn("a connection cannot be accepted: {}", error.message());
    Timer timer(threads_[0].executor(), kAcceptPause);
    co_await timer.async_wait(kAwaitTuple);
  }

  // Answers 503 without waiting for anything; over TLS that would take a handshake, so it closes.
  void refuse(Socket& socket) {
    if (tls_) return;
    const Request request;
    const Response response = error_response(
        core_, request,
        ProtocolError(503, ErrorKind::Unavailable, "too many connections; try again later"));
    ResponsePlan plan = plan_response(response, {.keep_alive = false,
                                                 .request_id = core_.next_request_id(),
                                                 .server_name = core_.options.server_name});
    if (const auto* text = std::get_if<std::string>(&response.body)) plan.head += *text;
    ::send(socket.native_handle(), plan.head.data(), plan.head.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    error_code ignored;
    socket.shutdown(Socket::shutdown_send, ignored);
  }

  ServerCore core_;
  Population population_;
  const std::unique_ptr<TlsContext> tls_;
  std::vector<IoThread> threads_;
  Acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;
};

}  // namespace

unsigned io_threads_for_many() { return std::clamp(std::thread::hardware_concurrency(), 1u, 4u); }

std::unique_ptr<Server> serve(ServerOptions options, Handler handler, ErrorHandler on_error) {
  return std::make_unique<ServerImpl>(std::move(options), std::move(handler), std::move(on_error));
}

}  // namespace trainyard::http
