#pragma once
// Who wants to know when something changes, by what it is. Thread-safe.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/sync.hpp"

namespace trainyard::api {

template <typename Key>
class Watchers {
 public:
  // `wake` is called after each change, from the changing thread, until the result is destroyed.
  using Subscription = std::shared_ptr<void>;
  Subscription subscribe(const Key& key, std::function<void()> wake) {
    const auto number = state_->with([&](State& state) {
      state.wakes[key][state.next] = std::move(wake);
      return state.next++;
    });
    return {nullptr, [state = state_, key, number](void*) {
              state->with([&](State& s) {
                const auto found = s.wakes.find(key);
                if (found == s.wakes.end()) return;
                found->second.erase(number);
                if (found->second.empty()) s.wakes.erase(found);
              });
            }};
  }

  void changed(const Key& key) {
    // Called under the lock, so that no wake comes after its subscription ended.
    state_->with([&](State& state) {
      const auto found = state.wakes.find(key);
      if (found == state.wakes.end()) return;
      for (const auto& [number, wake] : found->second) wake();
    });
  }

 private:
  struct State {
    std::unordered_map<Key, std::map<std::uint64_t, std::function<void()>>> wakes;
    std::uint64_t next = 0;
  };
  // Shared with the subscriptions, which may outlive this.
  std::shared_ptr<Sync<State>> state_ = std::make_shared<Sync<State>>();
};

}  // namespace trainyard::api
