#pragma once
// Blocking transfers with a pace on a socket that is in non-blocking mode, for worker threads.
// Internal to src/http.
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/worker_pool.hpp"

namespace trainyard::http {

// How long a peer may keep a thread waiting: `timeout` without a byte, and on the whole no more
// than `timeout` plus the time that its bytes take at 1 KiB/s. Only waiting counts.
class Pace {
 public:
  explicit Pace(std::chrono::milliseconds timeout) : timeout_(timeout) {}
  void moved(std::size_t bytes) { bytes_ += bytes; }
  // Waits for `events` (POLLIN, POLLOUT) on `fd`; false when the peer used its time up.
  bool wait(int fd, short events);

 private:
  std::chrono::milliseconds timeout_;
  std::chrono::milliseconds waited_{0};
  std::uint64_t bytes_ = 0;
};

// Uses the socket, owns nothing. All throw Error: Timeout (too slow), Unavailable (gone, or too
// many wait). For a thread of `workers`, which may run another job while this one waits.
class PeerSocket {
 public:
  PeerSocket(int fd, WorkerPool& workers, std::chrono::milliseconds read_timeout,
             std::chrono::milliseconds write_timeout)
      : fd_(fd), workers_(workers), read_pace_(read_timeout), write_pace_(write_timeout) {}

  std::size_t receive(std::span<char> into);  // 0: the peer sends no more
  enum class More { No, Follows };
  void send(std::string_view bytes, More more = More::No);
  void send_file(int file, std::uint64_t offset, std::uint64_t length);

 private:
  bool wait(Pace& pace, short events);
  void wait_writable();

  int fd_;
  WorkerPool& workers_;
  Pace read_pace_;
  Pace write_pace_;
};

}  // namespace trainyard::http
