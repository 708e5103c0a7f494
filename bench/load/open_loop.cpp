#include "open_loop.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <random>

#include "answer_reader.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

using namespace trainyard;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

Fd connect_to(std::uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect");
  }
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

timespec to_timespec(Clock::duration time) {
  const auto nanoseconds =
      std::chrono::nanoseconds(std::max(time, Clock::duration::zero())).count();
  return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

struct Connection {
  Fd socket;
  AnswerReader reader;
  Clock::time_point due;
};

class OpenLoop {
 public:
  explicit OpenLoop(const Load& load)
      : load_(load),
        step_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(1 / load.rate))),
        count_(static_cast<std::uint64_t>(load.rate * load.seconds)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(load.connections) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].socket = connect_to(load.port);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connections_[i].socket.get(), &event);
      idle_.push_back(i);
    }
    outcome_.times_ms.reserve(count_);
    outcome_.delays_ms.reserve(count_);
  }

  Outcome run() {
    start_ = idle_since_ = Clock::now();
    while (outcome_.times_ms.size() < count_) {
      send_what_is_due();
      receive();
    }
    outcome_.seconds = milliseconds(Clock::now() - start_) / 1000;
    std::sort(outcome_.times_ms.begin(), outcome_.times_ms.end());
    std::sort(outcome_.delays_ms.begin(), outcome_.delays_ms.end());
    return std::move(outcome_);
  }

 private:
  Clock::time_point next_due() const { return start_ + step_ * static_cast<std::int64_t>(sent_); }

  void send_what_is_due() {
    while (sent_ < count_ && !idle_.empty() && next_due() <= Clock::now()) {
      Connection& connection = connections_[idle_.front()];
      idle_.pop_front();
      connection.due = next_due();
      ++sent_;
      const auto possible = std::max(connection.due, idle_since_);
      outcome_.delays_ms.push_back(milliseconds(Clock::now() - possible));
      const std::string& request = load_.requests[random_() % load_.requests.size()];
      write_all(connection.socket, request);
    }
  }

  // Waits until the next request is due or an answer comes.
  void receive() {
    const bool can_send = sent_ < count_ && !idle_.empty();
    const timespec wait = to_timespec(can_send ? next_due() - Clock::now() : kPatience);
    const int ready = ::epoll_pwait2(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                     &wait, nullptr);
    if (ready < 0 && errno != EINTR) throw_errno("wait for answers");
    if (ready == 0 && !can_send) throw Error(ErrorKind::Timeout, "no answer came for ten seconds");
    for (int i = 0; i < ready; ++i) take(events_[static_cast<std::size_t>(i)].data.u64);
  }

  void take(std::size_t who) {
    Connection& connection = connections_[who];
    const auto count = read_some(connection.socket, std::as_writable_bytes(std::span(scratch_)));
    if (count == 0) throw Error(ErrorKind::Unavailable, "the service closed a connection");
    const auto answer = connection.reader.take({scratch_.data(), count});
    if (!answer) return;
    const auto now = Clock::now();
    outcome_.times_ms.push_back(milliseconds(now - connection.due));
    outcome_.body_bytes += answer->body_bytes;
    if (answer->status != 200) ++outcome_.refused;
    if (idle_.empty()) idle_since_ = now;
    idle_.push_back(who);
  }

  const Load& load_;
  const Clock::duration step_;
  const std::uint64_t count_;
  Fd epoll_;
  std::vector<Connection> connections_;
  std::deque<std::size_t> idle_;  // the one that rests longest is first
  Clock::time_point start_;
  Clock::time_point idle_since_;  // when a request last could have been sent again
  std::uint64_t sent_ = 0;
  std::minstd_rand random_;
  std::vector<epoll_event> events_ = std::vector<epoll_event>(256);
  std::vector<char> scratch_ = std::vector<char>(256 * 1024);
  Outcome outcome_;
};

}  // namespace

Outcome run_open_loop(const Load& load) { return OpenLoop(load).run(); }
