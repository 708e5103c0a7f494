#pragma once
// Time comes in through Clock so that tests advance it. Times are UTC, millisecond precision.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace trainyard {

using Milliseconds = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Milliseconds>;

// The moment `duration` from now; a duration above a century, such as Milliseconds::max(), is a
// century, so that nothing overflows.
std::chrono::steady_clock::time_point steady_deadline(Milliseconds duration);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  // Returns true when the time passed, false when `stop` was requested first. Any duration will
  // do, also Milliseconds::max(). Thread-safe.
  virtual bool sleep_for(Milliseconds duration, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  bool sleep_for(Milliseconds duration, std::stop_token stop) override;
};

// A clock for tests: it stands still until advance(). sleep_for blocks until advance() or stop.
// Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint{}) : now_(start) {}
  TimePoint now() const override;
  bool sleep_for(Milliseconds duration, std::stop_token stop) override;
  void advance(Milliseconds by);
  // Blocks until at least `count` threads are in sleep_for, so that a test does not advance too
  // early.
  void wait_for_sleepers(int count);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  TimePoint now_;
  int sleepers_ = 0;
};

// "2017-10-26T11:16:51Z" / "2019-04-03T15:11:54.204Z"
std::string format_seconds(TimePoint time);
std::string format_millis(TimePoint time);
// Accepts both forms and any number of fraction digits (those past the millisecond are dropped);
// nullopt when not such a time.
std::optional<TimePoint> parse_time(std::string_view text);
// Rounded down to its two largest units: "850 ms", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
// A negative duration is "0 ms".
std::string format_duration(Milliseconds duration);

}  // namespace trainyard
