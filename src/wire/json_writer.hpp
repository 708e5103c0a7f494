#pragma once
// Writes JSON text in the order of the calls, without building a tree first: a page of ten thousand
// runs costs one growing string. The caller balances begin and end.
#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace trainyard::wire {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  // Bytes that are not UTF-8 become U+FFFD, so that the text is always JSON.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(TimePoint time) { return value(format_millis(time)); }
  JsonWriter& value(const std::vector<std::string>& texts);
  JsonWriter& value(double number);  // null when it is not finite
  JsonWriter& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) JsonWriter& value(T number) {
    return raw(fmt::format_int(number).c_str());
  }
  JsonWriter& raw(std::string_view json);  // a whole value, already JSON

  template <typename T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  // Left out when there is none.
  template <typename T>
  JsonWriter& field(std::string_view name, const std::optional<T>& content) {
    return content ? field(name, *content) : *this;
  }
  JsonWriter& text_unless_empty(std::string_view name, std::string_view text) {
    return text.empty() ? *this : field(name, text);
  }

  std::string take() { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string text_;
  bool after_value_ = false;  // what comes next in this object or array needs a comma
};

}  // namespace trainyard::wire
