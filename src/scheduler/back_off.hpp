#pragma once
#include <algorithm>

#include "base/clock.hpp"

namespace trainyard::scheduler {

// How long to wait after `failures` earlier ones: `first`, then twice as long each time.
inline Milliseconds back_off(unsigned failures, Milliseconds first, Milliseconds longest) {
  constexpr unsigned kEnough = 20;  // doublings, more than any sensible `longest` needs
  return std::min<Milliseconds>(longest, first * (1LL << std::min(failures, kEnough)));
}

}  // namespace trainyard::scheduler
