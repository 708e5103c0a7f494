#pragma once
// How fast someone may guess: `burst` tries at once, then one each `refill`, for each key (a user
// name, an address). Memory is bounded: past `most_keys` the key that was not used for longest is
// forgotten. Thread-safe.
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/sync.hpp"

namespace trainyard::accounts {

struct ThrottleOptions {
  int burst = 10;
  Milliseconds refill{30'000};
  std::size_t most_keys = 10'000;
};

class Throttle {
 public:
  explicit Throttle(ThrottleOptions options) : options_(options) {}

  // Takes one try; when there is none, takes nothing and returns how long until there is.
  std::optional<Milliseconds> take(const std::string& key, TimePoint now);
  // The try was right and does not count.
  void give_back(const std::string& key);
  std::size_t keys();

 private:
  // When all tries are there again. In the past: as if the key had never been seen.
  struct Entry {
    TimePoint full_at;
    std::list<std::string>::iterator place;
  };
  struct State {
    std::unordered_map<std::string, Entry> entries;
    std::list<std::string> used;  // the last used first
  };
  Entry& touch(State& state, const std::string& key, TimePoint now);

  const ThrottleOptions options_;
  Sync<State> state_;
};

// What stands for a peer, "127.0.0.1:51234" or "[2001:db8::1]:443", with or without the port: its
// address, for IPv6 the /64 that a single customer has.
std::string throttle_key_of(const std::string& peer);

}  // namespace trainyard::accounts
