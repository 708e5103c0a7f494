#pragma once
#include <atomic>

#include "base/clock.hpp"

namespace trainyard::learner {

// Its sleeps end at once, having moved the time; a stop that was requested ends them before.
class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Milliseconds(now_)); }
  bool sleep_for(Milliseconds duration, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    now_ += duration.count();
    return true;
  }

 private:
  std::atomic<Milliseconds::rep> now_{1'764'000'000'000};
};

}  // namespace trainyard::learner
