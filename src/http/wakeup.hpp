#pragma once
// A coroutine's doorbell that any thread may ring. Internal to src/http; heavy.
#include <functional>
#include <memory>
#include <mutex>

#include <boost/asio/post.hpp>

#include "http/asio_types.hpp"

namespace trainyard::http {

// Lives on the io thread of `executor`; only what ring() returns leaves it.
class Wakeup {
 public:
  explicit Wakeup(Executor executor) : timer_(executor), bell_(std::make_shared<Bell>()) {
    bell_->owner = this;
  }
  ~Wakeup() {
    std::scoped_lock guard(bell_->mutex);
    bell_->owner = nullptr;
  }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // On the io thread: returns once notified; a notification that came before counts.
  Task<void> wait() {
    while (!notified_) {
      timer_.expires_at(Timer::time_point::max());
      co_await timer_.async_wait(kAwaitTuple);
    }
    notified_ = false;
  }
  // On the io thread.
  void notify() {
    notified_ = true;
    timer_.cancel();
  }
  // A function for any thread, any number of times, also when this object is gone. Rings that
  // come before the first was heard are one.
  std::function<void()> ring() const {
    return [bell = bell_] { Bell::ring(bell); };
  }

 private:
  struct Bell {
    std::mutex mutex;
    Wakeup* owner = nullptr;
    bool posted = false;

    // Posting under the lock keeps the owner, and so its io_context, alive until it is done.
    static void ring(const std::shared_ptr<Bell>& bell) {
      std::scoped_lock guard(bell->mutex);
      if (bell->owner == nullptr || bell->posted) return;
      bell->posted = true;
      asio::post(bell->owner->timer_.get_executor(), [bell] { heard(*bell); });
    }
    static void heard(Bell& bell) {
      std::unique_lock guard(bell.mutex);
      bell.posted = false;
      Wakeup* owner = bell.owner;
      guard.unlock();  // the owner is destroyed on this thread alone
      if (owner != nullptr) owner->notify();
    }
  };

  Timer timer_;
  bool notified_ = false;
  std::shared_ptr<Bell> bell_;
};

}  // namespace trainyard::http
