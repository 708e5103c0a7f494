#pragma once
// Tells those who watch a run that something about it changed, and keeps what is known of running
// transfers. Thread-safe.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/sync.hpp"
#include "model/ids.hpp"
#include "wire/learner.hpp"

namespace trainyard::api {

class RunHub {
 public:
  // `wake` is called after each change, from the changing thread, until the result is destroyed.
  using Subscription = std::shared_ptr<void>;
  Subscription subscribe(const model::RunId& run, std::function<void()> wake);
  void changed(const model::RunId& run);

  void set_progress(const model::RunId& run, const wire::Progress& progress);
  std::optional<wire::Progress> progress(const model::RunId& run);
  void forget(const model::RunId& run);

  // A run came to this end; how many did, since the service started.
  void count_end(model::RunState state);
  std::map<model::RunState, std::uint64_t> ended();

 private:
  using Wakes = std::map<std::uint64_t, std::function<void()>>;
  struct State {
    std::unordered_map<model::RunId, Wakes> watchers;
    std::unordered_map<model::RunId, wire::Progress> progress;
    std::map<model::RunState, std::uint64_t> ended;
    std::uint64_t next = 0;
  };
  // Shared with the subscriptions, which may outlive the hub.
  std::shared_ptr<Sync<State>> state_ = std::make_shared<Sync<State>>();
};

}  // namespace trainyard::api
