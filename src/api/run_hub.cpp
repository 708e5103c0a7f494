#include "api/run_hub.hpp"

namespace trainyard::api {

RunHub::Subscription RunHub::subscribe(const model::RunId& run, std::function<void()> wake) {
  const auto number = state_->with([&](State& state) {
    state.watchers[run][state.next] = std::move(wake);
    return state.next++;
  });
  const auto unsubscribe = [state = state_, run, number](void*) {
    state->with([&](State& s) {
      const auto found = s.watchers.find(run);
      if (found == s.watchers.end()) return;
      found->second.erase(number);
      if (found->second.empty()) s.watchers.erase(found);
    });
  };
  return {nullptr, unsubscribe};
}

void RunHub::changed(const model::RunId& run) {
  // Called under the lock, so that no wake comes after its subscription ended.
  state_->with([&](State& state) {
    const auto found = state.watchers.find(run);
    if (found == state.watchers.end()) return;
    for (const auto& [number, wake] : found->second) wake();
  });
}

void RunHub::set_progress(const model::RunId& run, const wire::Progress& progress) {
  state_->with([&](State& state) { state.progress[run] = progress; });
}

std::optional<wire::Progress> RunHub::progress(const model::RunId& run) {
  return state_->with([&](State& state) -> std::optional<wire::Progress> {
    const auto found = state.progress.find(run);
    if (found == state.progress.end()) return std::nullopt;
    return found->second;
  });
}

void RunHub::count_end(model::RunState model_state) {
  state_->with([&](State& state) { ++state.ended[model_state]; });
}

std::map<model::RunState, std::uint64_t> RunHub::ended() {
  return state_->with([](const State& state) { return state.ended; });
}

void RunHub::forget(const model::RunId& run) {
  state_->with([&](State& state) { state.progress.erase(run); });
}

}  // namespace trainyard::api
