#include "logstore/subscribers.hpp"

#include <mutex>
#include <utility>

namespace trainyard::logstore {

// A call that goes on and the end of the subscription exclude each other; a call that itself ends
// the subscription does not wait for itself.
class Subscribers::Waker {
 public:
  explicit Waker(std::function<void()> wake) : wake_(std::move(wake)) {}

  void call() {
    std::scoped_lock lock(mutex_);
    if (!ended_) wake_();
  }
  void end() {
    std::scoped_lock lock(mutex_);
    ended_ = true;
  }

 private:
  std::recursive_mutex mutex_;
  std::function<void()> wake_;
  bool ended_ = false;
};

// What the subscriber holds; it may outlive the store.
class Subscribers::Membership {
 public:
  Membership(std::weak_ptr<Subscribers> subscribers, model::RunId run, std::shared_ptr<Waker> waker)
      : subscribers_(std::move(subscribers)), run_(std::move(run)), waker_(std::move(waker)) {}
  Membership(const Membership&) = delete;
  ~Membership() {
    waker_->end();
    if (const auto subscribers = subscribers_.lock()) subscribers->drop(run_, waker_.get());
  }

 private:
  std::weak_ptr<Subscribers> subscribers_;
  model::RunId run_;
  std::shared_ptr<Waker> waker_;
};

LogStore::Subscription Subscribers::add(const model::RunId& run, std::function<void()> wake) {
  auto waker = std::make_shared<Waker>(std::move(wake));
  wakers_.lock()->operator[](run).push_back(waker);
  return std::make_shared<Membership>(weak_from_this(), run, std::move(waker));
}

void Subscribers::wake(const model::RunId& run) {
  std::vector<std::shared_ptr<Waker>> called;  // outside of the lock: a wake may end a subscription
  wakers_.with([&](const auto& wakers) {
    if (const auto found = wakers.find(run); found != wakers.end()) called = found->second;
  });
  for (const auto& waker : called) waker->call();
}

void Subscribers::drop(const model::RunId& run, const Waker* waker) {
  auto wakers = wakers_.lock();
  const auto found = wakers->find(run);
  if (found == wakers->end()) return;
  std::erase_if(found->second, [&](const auto& one) { return one.get() == waker; });
  if (found->second.empty()) wakers->erase(found);
}

}  // namespace trainyard::logstore
