#include "api/store_places.hpp"

#include <utility>

#include "api/service.hpp"

namespace trainyard::api {
namespace {

constexpr Milliseconds kComeAgain{2'000};

}  // namespace

void throw_stopping() {
  throw Error(ErrorKind::Unavailable, "the service is stopping; try again when it is back");
}

StorePlaces::Place::Place(StorePlaces& places, std::string user, std::stop_token stop)
    : places_(places), user_(std::move(user)) {
  std::unique_lock lock(places_.mutex_);
  Requests& own = places_.by_user_[user_];
  const auto there_is_one = [&] { return own.taken < kMostOfOne && places_.taken_ < kMost; };
  bool had = there_is_one();
  if (!had && own.waiting < kMostOfOne) {
    ++own.waiting;
    had = places_.given_back_.wait_for(lock, stop, places_.patience_, there_is_one);
    --own.waiting;
  }
  if (had) {
    ++own.taken;
    ++places_.taken_;
    return;
  }
  const bool own_fault = own.taken >= kMostOfOne;
  if (own.taken + own.waiting == 0) places_.by_user_.erase(user_);
  if (stop.stop_requested()) throw_stopping();
  if (own_fault) {
    throw AskedTooMuch(429,
                       "the object stores of too many of your requests have not answered yet; try "
                       "again later",
                       kComeAgain);
  }
  throw AskedTooMuch(503,
                     "the object stores of too many requests have not answered yet; try again "
                     "later",
                     kComeAgain);
}

StorePlaces::Place::~Place() {
  {
    std::scoped_lock guard(places_.mutex_);
    const auto own = places_.by_user_.find(user_);
    --own->second.taken;
    if (own->second.taken + own->second.waiting == 0) places_.by_user_.erase(own);
    --places_.taken_;
  }
  places_.given_back_.notify_all();
}

}  // namespace trainyard::api
