// Thousands of followers of one busy log: what an idle one costs in resident memory, how long a
// line takes to the last of them, and how many bytes a second all of them get. The server, its log
// and nothing else are a process of their own; the followers, one epoll loop, are this one.
//
//   followers_bench --benchmark_filter=line/10000
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <vector>

#include "api/log_source.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "http/server.hpp"

namespace {

using namespace trainyard;
using Clock = std::chrono::steady_clock;

constexpr auto kStream = logstore::Stream::Training;

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Serves one log: GET follows it, PUT appends to it.
[[noreturn]] void serve_log(int tell_port) {
  TempDir dir("trainyard-bench-", "/dev/shm");
  const auto logs = logstore::open_log_store(dir.path());
  const auto run = model::RunId::generate();
  const auto server = http::serve(
      {},
      [&](http::Request& request) -> http::Answer {
        http::Response response;
        if (request.method == "PUT") {
          logs->append(run, kStream, logs->size(run, kStream), request.body->read_all(64u << 20));
        } else {
          response.body = http::StreamBody{api::follow_log(*logs, run, kStream, 0)};
        }
        return response;
      },
      [](const http::Request&, const Error&) { return http::Response{}; });
  const std::uint16_t port = server->port();
  if (write(tell_port, &port, sizeof port) != sizeof port) _exit(1);
  for (;;) pause();
}

class ServerProcess {
 public:
  ServerProcess() {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) serve_log(ends[1]);
    if (read(ends[0], &port_, sizeof port_) != sizeof port_) std::abort();
    close(ends[0]);
    close(ends[1]);
  }
  ~ServerProcess() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  std::uint16_t port() const { return port_; }
  std::uint64_t resident_bytes() const {
    std::ifstream file(fmt::format("/proc/{}/statm", child_));
    std::uint64_t pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }

 private:
  pid_t child_ = 0;
  std::uint16_t port_ = 0;
};

Fd connect_to(std::uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) std::abort();
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

class Followers {
 public:
  Followers(std::uint16_t port, std::size_t count)
      : writer_(connect_to(port)), epoll_(epoll_create1(0)) {
    for (std::size_t i = 0; i < count; ++i) {
      sockets_.push_back(connect_to(port));
      send_all(sockets_.back(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_.back().get(), &event);
    }
    received_.resize(count);
    receive_until([&] { return heads_ == sockets_.size(); });
  }

  void append(std::string_view bytes) {
    send_all(writer_,
             fmt::format("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", bytes.size()));
    send_all(writer_, bytes);
  }

  // Until every follower has `bytes` more; `on_complete` hears when one has.
  template <typename OnComplete>
  void receive(std::uint64_t bytes, OnComplete on_complete) {
    std::size_t complete = 0;
    std::fill(received_.begin(), received_.end(), 0);
    receive_until([&] { return complete == sockets_.size(); },
                  [&](std::size_t who, std::uint64_t count) {
                    const auto before = received_[who];
                    received_[who] += count;
                    if (before < bytes && received_[who] >= bytes) {
                      ++complete;
                      on_complete();
                    }
                  });
  }

 private:
  template <typename Done>
  void receive_until(Done done) {
    receive_until(done, [&](std::size_t who, std::uint64_t) {
      if (received_[who] == 0) ++heads_;
      received_[who] = 1;
    });
  }
  template <typename Done, typename OnBytes>
  void receive_until(Done done, OnBytes on_bytes) {
    std::vector<epoll_event> events(512);
    while (!done()) {
      const int ready =
          epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 60'000);
      if (ready <= 0) std::abort();  // nothing came for a minute
      for (int i = 0; i < ready; ++i) {
        const auto who = events[static_cast<std::size_t>(i)].data.u64;
        const auto count =
            recv(sockets_[who].get(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
        if (count > 0) on_bytes(who, static_cast<std::uint64_t>(count));
      }
    }
  }

  Fd writer_, epoll_;
  std::vector<Fd> sockets_;
  std::vector<std::uint64_t> received_;
  std::size_t heads_ = 0;
  std::vector<char> scratch_ = std::vector<char>(256 * 1024);
};

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// A line of 64 bytes to all followers, ten times a second.
void line(benchmark::State& state) {
  allow_many_files();
  const ServerProcess server;
  const auto before = server.resident_bytes();
  const auto count = static_cast<std::size_t>(state.range(0));
  Followers followers(server.port(), count);
  const auto idle = server.resident_bytes() - before;
  const std::string text = std::string(63, 'x') + "\n";
  std::vector<double> times;
  for (auto _ : state) {
    const auto sent = Clock::now();
    followers.append(text);
    followers.receive(text.size(), [&] { times.push_back(milliseconds(Clock::now() - sent)); });
    state.SetIterationTime(times.back() / 1000);
    usleep(100'000);
  }
  std::sort(times.begin(), times.end());
  state.counters["idle_bytes"] = static_cast<double>(idle) / static_cast<double>(count);
  state.counters["p50_ms"] = times[times.size() / 2];
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
}

// As many bytes as go through: the log grows by 1 MiB when every follower has the one before.
void bytes(benchmark::State& state) {
  allow_many_files();
  const ServerProcess server;
  Followers followers(server.port(), static_cast<std::size_t>(state.range(0)));
  const std::string text(1 << 20, 'x');
  for (auto _ : state) {
    const auto sent = Clock::now();
    followers.append(text);
    followers.receive(text.size(), [] {});
    state.SetIterationTime(milliseconds(Clock::now() - sent) / 1000);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()) *
                          state.range(0));
}

}  // namespace

BENCHMARK(line)->Arg(1)->Arg(1'000)->Arg(10'000)->Iterations(20)->UseManualTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(bytes)->Arg(1)->Arg(100)->Arg(1'000)->Iterations(5)->UseManualTime()->Unit(
    benchmark::kMillisecond);
