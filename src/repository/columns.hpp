#pragma once
// Values to parameters and columns back to values, one after the other. For src/repository only.
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "db/database.hpp"

namespace trainyard::repository {

class ParameterWriter {
 public:
  explicit ParameterWriter(db::Statement& statement) : statement_(statement) {}

  ParameterWriter& put(std::string_view text);
  ParameterWriter& put(TimePoint time) { return put(time.time_since_epoch().count()); }
  ParameterWriter& put(const std::vector<std::string>& lines);  // none of which has a newline
  ParameterWriter& put(std::integral auto number) {
    statement_.bind(++index_, static_cast<std::int64_t>(number));
    return *this;
  }
  template <typename T>
  ParameterWriter& put(const std::optional<T>& value) {
    if (value) return put(*value);
    statement_.bind_null(++index_);
    return *this;
  }
  ParameterWriter& put_blob(std::string_view bytes);

 private:
  db::Statement& statement_;
  int index_ = 0;
};

class ColumnReader {
 public:
  explicit ColumnReader(const db::Statement& row) : row_(row) {}

  std::string text() { return row_.text(index_++); }
  std::optional<std::string> optional_text() { return row_.optional_text(index_++); }
  template <std::integral T>
  T number() {
    return static_cast<T>(row_.integer(index_++));
  }
  template <std::integral T>
  std::optional<T> optional_number() {
    const auto value = row_.optional_integer(index_++);
    return value ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }
  bool flag() { return number<int>() != 0; }
  TimePoint time() { return TimePoint{Milliseconds{number<std::int64_t>()}}; }
  std::optional<TimePoint> optional_time();
  std::vector<std::string> lines();

 private:
  const db::Statement& row_;
  int index_ = 0;
};

// A decimal fraction, exactly as it was.
std::string format_real(double value);
double parse_real(const std::string& text);

}  // namespace trainyard::repository
