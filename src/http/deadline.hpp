#pragma once
// A deadline for what a connection awaits. Internal to src/http; heavy.
#include <chrono>
#include <memory>

#include "http/asio_types.hpp"

namespace trainyard::http {

// When it passes, the socket's operations are cancelled and expired() turns true until the next
// set(). Moving it back costs nothing: one timer runs until the earliest deadline and looks again.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Socket& socket) : socket_(socket), timer_(socket.get_executor()) {}

  // `owner` is what this object is part of; the timer does nothing once it is gone.
  void set(const std::weak_ptr<void>& owner, std::chrono::milliseconds from_now) {
    expired_ = false;
    at_ = Clock::now() + from_now;
    if (!armed_ || at_ < timer_.expiry()) arm(owner);
  }
  void clear() { at_ = Clock::time_point::max(); }  // expired() stays
  void stop() {
    clear();
    timer_.cancel();
  }
  bool expired() const { return expired_; }

 private:
  void arm(const std::weak_ptr<void>& owner) {
    armed_ = true;
    timer_.expires_at(at_);
    timer_.async_wait([this, owner](error_code error) {
      const auto alive = owner.lock();
      if (error || !alive) return;  // replaced, or the connection is gone
      armed_ = false;
      if (at_ == Clock::time_point::max()) return;
      if (Clock::now() < at_) return arm(owner);
      expired_ = true;
      error_code ignored;
      socket_.cancel(ignored);
    });
  }

  Socket& socket_;
  Timer timer_;
  Clock::time_point at_ = Clock::time_point::max();
  bool armed_ = false;
  bool expired_ = false;
};

}  // namespace trainyard::http
