#include "api/run_hub.hpp"

namespace trainyard::api {

void RunHub::set_progress(const model::RunId& run, const wire::Progress& progress) {
  state_.with([&](State& state) { state.progress[run] = progress; });
}

std::optional<wire::Progress> RunHub::progress(const model::RunId& run) {
  return state_.with([&](State& state) -> std::optional<wire::Progress> {
    const auto found = state.progress.find(run);
    if (found == state.progress.end()) return std::nullopt;
    return found->second;
  });
}

void RunHub::count_end(model::RunState model_state) {
  state_.with([&](State& state) { ++state.ended[model_state]; });
}

std::map<model::RunState, std::uint64_t> RunHub::ended() {
  return state_.with([](const State& state) { return state.ended; });
}

void RunHub::forget(const model::RunId& run) {
  state_.with([&](State& state) { state.progress.erase(run); });
}

}  // namespace trainyard::api
