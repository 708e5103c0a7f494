#pragma once
// How many requests may ask object stores at once. A store may keep each waiting for half a minute
// or, where there are many buckets, for long: no user takes up the room of the others.
#include <cstddef>
#include <map>
#include <string>

#include "base/sync.hpp"

namespace trainyard::api {

// Thread-safe.
class StorePlaces {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kMostOfOne = 32;  // of a user

  // Throws AskedTooMuch when there is none left. `places` outlives it.
  class Place {
   public:
    Place(StorePlaces& places, std::string user);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    StorePlaces& places_;
    const std::string user_;
  };

 private:
  struct State {
    std::size_t taken = 0;
    std::map<std::string, std::size_t> by_user;  // of those who have any
  };
  Sync<State> state_;
};

}  // namespace trainyard::api
