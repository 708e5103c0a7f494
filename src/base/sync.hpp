#pragma once
// The mutex owns the data it guards.
#include <condition_variable>
#include <mutex>
#include <utility>

namespace trainyard {

template <typename T>
class Sync {
 public:
  Sync() = default;
  explicit Sync(T value) : value_(std::move(value)) {}

  // A locked reference: `auto data = sync.lock(); data->push_back(1);`
  class Locked {
   public:
    T* operator->() noexcept { return value_; }
    T& operator*() noexcept { return *value_; }
    // Waits on `condition` with the lock released, as std::condition_variable_any.
    std::unique_lock<std::mutex>& guard() noexcept { return guard_; }

   private:
    friend class Sync;
    Locked(std::mutex& mutex, T& value) : guard_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> guard_;
    T* value_;
  };

  Locked lock() { return Locked(mutex_, value_); }
  template <typename Fn>
  decltype(auto) with(Fn&& fn) {
    std::scoped_lock guard(mutex_);
    return std::forward<Fn>(fn)(value_);
  }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace trainyard
