#include "accounts/throttle.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"

namespace trainyard::accounts {

namespace {

constexpr std::size_t kLongestKey = 256;  // a longer one counts by its beginning

}  // namespace

std::optional<Milliseconds> Throttle::take(const std::string& key, TimePoint now) {
  auto state = state_.lock();
  Entry& entry = touch(*state, key.substr(0, kLongestKey), now);
  const TimePoint after = std::max(entry.full_at, now) + options_.refill;
  const Milliseconds over = after - now - options_.burst * options_.refill;
  if (over > Milliseconds(0)) return over;
  entry.full_at = after;
  return std::nullopt;
}

void Throttle::give_back(const std::string& key) {
  state_.with([&](State& state) {
    const auto found = state.entries.find(key.substr(0, kLongestKey));
    if (found != state.entries.end()) found->second.full_at -= options_.refill;
  });
}

std::size_t Throttle::keys() {
  return state_.with([](const State& state) { return state.entries.size(); });
}

Throttle::Entry& Throttle::touch(State& state, const std::string& key, TimePoint now) {
  const auto found = state.entries.find(key);
  if (found != state.entries.end()) {
    state.used.splice(state.used.begin(), state.used, found->second.place);
    return found->second;
  }
  if (state.entries.size() >= options_.most_keys) {
    state.entries.erase(state.used.back());
    state.used.pop_back();
  }
  state.used.push_front(key);
  return state.entries.emplace(key, Entry{now, state.used.begin()}).first->second;
}

std::string throttle_key_of(const std::string& peer) {
  const bool bracketed = peer.starts_with('[');
  const auto address =
      bracketed ? peer.substr(1, peer.find(']') - 1) : peer.substr(0, peer.rfind(':'));
  in6_addr bytes{};
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    std::array<char, INET_ADDRSTRLEN> v4{};
    return inet_ntop(AF_INET, &bytes.s6_addr[12], v4.data(), v4.size());
  }
  return to_hex({reinterpret_cast<const char*>(bytes.s6_addr), 8});
}

}  // namespace trainyard::accounts
