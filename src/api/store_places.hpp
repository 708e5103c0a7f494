#pragma once
// How many requests may ask object stores at once. A store may keep each waiting for half a minute
// or, where there are many buckets, for long: no user takes up the room of the others.
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.hpp"

namespace trainyard::api {

// Unavailable: the service stops, and no request waits for a store any more.
[[noreturn]] void throw_stopping();

// Thread-safe.
class StorePlaces {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kMostOfOne = 32;  // of a user; as many more may wait

  // A request waits so long for a place: most stores answer sooner.
  explicit StorePlaces(Milliseconds patience) : patience_(patience) {}

  // Waits; throws AskedTooMuch when there is none, and what throw_stopping throws after `stop`.
  // `places` outlives it.
  class Place {
   public:
    Place(StorePlaces& places, std::string user, std::stop_token stop);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    StorePlaces& places_;
    const std::string user_;
  };

 private:
  struct Requests {
    std::size_t taken = 0, waiting = 0;
  };

  const Milliseconds patience_;
  std::mutex mutex_;  // of what follows
  std::condition_variable_any given_back_;
  std::size_t taken_ = 0;
  std::map<std::string, Requests> by_user_;  // of those who have any
};

}  // namespace trainyard::api
