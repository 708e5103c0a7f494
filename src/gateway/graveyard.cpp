#include "gateway/graveyard.hpp"

namespace trainyard::gateway {

Graveyard::Graveyard(std::function<void(const std::string&)> remove) : remove_(std::move(remove)) {}

Graveyard::~Graveyard() {
  remove_all(state_.with([](State& state) { return take_unseen(state); }));
}

Graveyard::Visit::Visit(Visit&& other) noexcept
    : graveyard_(std::exchange(other.graveyard_, nullptr)), ticket_(other.ticket_) {}

Graveyard::Visit::~Visit() {
  if (graveyard_) graveyard_->leave(ticket_);
}

Graveyard::Visit Graveyard::visit() {
  return Visit(*this, state_.with([](State& state) {
    state.visitors.insert(++state.clock);
    return state.clock;
  }));
}

void Graveyard::bury(const std::vector<std::string>& blobs) {
  if (blobs.empty()) return;
  remove_all(state_.with([&](State& state) {
    for (const std::string& blob : blobs) state.graves.emplace_back(state.clock, blob);
    return take_unseen(state);
  }));
}

void Graveyard::leave(std::uint64_t ticket) {
  remove_all(state_.with([&](State& state) {
    state.visitors.erase(ticket);
    return take_unseen(state);
  }));
}

// What every visitor came too late to have seen.
std::vector<std::string> Graveyard::take_unseen(State& state) {
  std::vector<std::string> out;
  while (!state.graves.empty() &&
         (state.visitors.empty() || state.graves.front().first < *state.visitors.begin())) {
    out.push_back(std::move(state.graves.front().second));
    state.graves.pop_front();
  }
  return out;
}

void Graveyard::remove_all(const std::vector<std::string>& blobs) {
  for (const std::string& blob : blobs) remove_(blob);
}

}  // namespace trainyard::gateway
