#include "api/store_places.hpp"

#include <utility>

#include "api/service.hpp"

namespace trainyard::api {
namespace {

constexpr Milliseconds kWait{2'000};  // most stores have answered by then

}  // namespace

StorePlaces::Place::Place(StorePlaces& places, std::string user)
    : places_(places), user_(std::move(user)) {
  places_.state_.with([&](State& state) {
    const auto own = state.by_user.find(user_);
    if (own != state.by_user.end() && own->second == kMostOfOne) {
      throw AskedTooMuch(429,
                         "the object stores of too many of your requests have not answered yet; "
                         "try again later",
                         kWait);
    }
    if (state.taken == kMost) {
      throw AskedTooMuch(503,
                         "the object stores of too many requests have not answered yet; try again "
                         "later",
                         kWait);
    }
    ++state.by_user[user_];
    ++state.taken;
  });
}

StorePlaces::Place::~Place() {
  places_.state_.with([&](State& state) {
    const auto own = state.by_user.find(user_);
    if (--own->second == 0) state.by_user.erase(own);
    --state.taken;
  });
}

}  // namespace trainyard::api
