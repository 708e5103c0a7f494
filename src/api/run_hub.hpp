#pragma once
// Tells those who watch a run that something about it changed, and keeps what is known of running
// transfers. Thread-safe.
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "api/watchers.hpp"
#include "base/sync.hpp"
#include "model/ids.hpp"
#include "wire/learner.hpp"

namespace trainyard::api {

class RunHub {
 public:
  using Subscription = Watchers<model::RunId>::Subscription;
  Subscription subscribe(const model::RunId& run, std::function<void()> wake) {
    return watchers_.subscribe(run, std::move(wake));
  }
  void changed(const model::RunId& run) { watchers_.changed(run); }

  void set_progress(const model::RunId& run, const wire::Progress& progress);
  std::optional<wire::Progress> progress(const model::RunId& run);
  void forget(const model::RunId& run);

  // A run came to this end; how many did, since the service started.
  void count_end(model::RunState state);
  std::map<model::RunState, std::uint64_t> ended();

 private:
  struct State {
    std::unordered_map<model::RunId, wire::Progress> progress;
    std::map<model::RunState, std::uint64_t> ended;
  };
  Watchers<model::RunId> watchers_;
  Sync<State> state_;
};

}  // namespace trainyard::api
