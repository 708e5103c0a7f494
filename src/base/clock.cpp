#include "base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard {

namespace {

using namespace std::chrono;

// Reads exactly `digits` decimal digits off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// ".204" → 204 ms; digits past the third are read and dropped. No '.' is zero.
std::optional<Milliseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return Milliseconds{0};
  int millis = 0;
  int weight = 100;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    millis += (text[digits] - '0') * weight;
    weight /= 10;
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return Milliseconds{millis};
}

std::optional<sys_days> take_date(std::string_view& text) {
  const auto y = take_number(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const auto m = take_number(text, 2);
  if (!m || !take(text, '-')) return std::nullopt;
  const auto d = take_number(text, 2);
  if (!d) return std::nullopt;
  const year_month_day date{year{*y}, month(unsigned(*m)), day(unsigned(*d))};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

std::optional<Milliseconds> take_time_of_day(std::string_view& text) {
  const auto h = take_number(text, 2);
  if (!h || *h > 23 || !take(text, ':')) return std::nullopt;
  const auto m = take_number(text, 2);
  if (!m || *m > 59 || !take(text, ':')) return std::nullopt;
  const auto s = take_number(text, 2);
  if (!s || *s > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  return hours{*h} + minutes{*m} + seconds{*s} + *fraction;
}

void put_digits(char* to, int digits, std::int64_t value) {
  for (; digits > 0; value /= 10) to[--digits] = static_cast<char>('0' + value % 10);
}

// Without a format string for each number: a page of thousands of runs is mostly times.
std::string format_with(std::string_view zeros, TimePoint time) {
  const auto day_start = floor<days>(time);
  const year_month_day date{day_start};
  const hh_mm_ss clock{time - day_start};
  std::string text = fmt::format("{:04}{}", int(date.year()), zeros);
  char* rest = text.data() + text.size() - zeros.size();
  put_digits(rest + 1, 2, unsigned(date.month()));
  put_digits(rest + 4, 2, unsigned(date.day()));
  put_digits(rest + 7, 2, clock.hours().count());
  put_digits(rest + 10, 2, clock.minutes().count());
  put_digits(rest + 13, 2, clock.seconds().count());
  if (rest[15] == '.') put_digits(rest + 16, 3, clock.subseconds().count());
  return text;
}

std::string two_units(std::int64_t large, std::string_view large_unit, std::int64_t small,
                      std::string_view small_unit) {
  if (small == 0) return fmt::format("{} {}", large, large_unit);
  return fmt::format("{} {} {} {}", large, large_unit, small, small_unit);
}

// A century in nanoseconds still fits twice into 64 bits.
Milliseconds bounded(Milliseconds duration) {
  return std::min(duration, floor<Milliseconds>(years(100)));
}

}  // namespace

steady_clock::time_point steady_deadline(Milliseconds duration) {
  return steady_clock::now() + bounded(duration);
}

TimePoint SystemClock::now() const { return floor<Milliseconds>(system_clock::now()); }

bool SystemClock::sleep_for(Milliseconds duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_until(lock, stop, steady_deadline(duration), [] { return false; });
  return !stop.stop_requested();
}

TimePoint ManualClock::now() const {
  std::scoped_lock lock(mutex_);
  return now_;
}

bool ManualClock::sleep_for(Milliseconds duration, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const TimePoint deadline = now_ + bounded(duration);
  ++sleepers_;
  changed_.notify_all();
  const bool passed = changed_.wait(lock, stop, [&] { return now_ >= deadline; });
  --sleepers_;
  return passed;
}

void ManualClock::advance(Milliseconds by) {
  std::scoped_lock lock(mutex_);
  now_ += by;
  changed_.notify_all();
}

void ManualClock::wait_for_sleepers(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return sleepers_ >= count; });
}

std::string format_seconds(TimePoint time) { return format_with("-00-00T00:00:00Z", time); }

std::string format_millis(TimePoint time) { return format_with("-00-00T00:00:00.000Z", time); }

std::optional<TimePoint> parse_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, 'T')) return std::nullopt;
  const auto time_of_day = take_time_of_day(text);
  if (!time_of_day || text != "Z") return std::nullopt;
  return TimePoint{*date} + *time_of_day;
}

std::string format_duration(Milliseconds duration) {
  const auto millis = std::max<std::int64_t>(duration.count(), 0);
  if (millis < 1000) return fmt::format("{} ms", millis);
  const auto total = millis / 1000;
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return two_units(total / 60, "min", total % 60, "s");
  if (total < 86400) return two_units(total / 3600, "h", total % 3600 / 60, "min");
  return two_units(total / 86400, "d", total % 86400 / 3600, "h");
}

}  // namespace trainyard
