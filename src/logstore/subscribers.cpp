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
  followed_.lock()->operator[](run).wakers.push_back(waker);
  return std::make_shared<Membership>(weak_from_this(), run, std::move(waker));
}

void Subscribers::wake(const model::RunId& run) {
  std::vector<std::shared_ptr<Waker>> called;  // outside of the lock: a wake may end a subscription
  followed_.with([&](const auto& all) {
    if (const auto found = all.find(run); found != all.end()) called = found->second.wakers;
  });
  for (const auto& waker : called) waker->call();
}

void Subscribers::end(const model::RunId& run) {
  followed_.with([&](auto& all) {
    if (const auto found = all.find(run); found != all.end()) found->second.ended = true;
  });
  wake(run);
}

bool Subscribers::ended(const model::RunId& run) {
  auto all = followed_.lock();
  const auto found = all->find(run);
  return found != all->end() && found->second.ended;
}

void Subscribers::drop(const model::RunId& run, const Waker* waker) {
  auto all = followed_.lock();
  const auto found = all->find(run);
  if (found == all->end()) return;
  std::erase_if(found->second.wakers, [&](const auto& one) { return one.get() == waker; });
  if (found->second.wakers.empty()) all->erase(found);
}

}  // namespace trainyard::logstore
