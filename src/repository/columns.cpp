#include "repository/columns.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"

namespace trainyard::repository {

ParameterWriter& ParameterWriter::put(std::string_view text) {
  statement_.bind(++index_, text);
  return *this;
}

// Each line ends with a newline, so that no line and one empty line differ.
ParameterWriter& ParameterWriter::put(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) (text += line) += '\n';
  return put(std::string_view(text));
}

ParameterWriter& ParameterWriter::put_blob(std::string_view bytes) {
  statement_.bind_blob(++index_, bytes);
  return *this;
}

std::optional<TimePoint> ColumnReader::optional_time() {
  const auto millis = optional_number<std::int64_t>();
  return millis ? std::optional(TimePoint{Milliseconds{*millis}}) : std::nullopt;
}

std::vector<std::string> ColumnReader::lines() {
  std::vector<std::string> result;
  const std::string all = text();
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = all.find('\n', begin);
    result.push_back(all.substr(begin, end - begin));
    begin = end == all.npos ? end : end + 1;
  }
  return result;
}

std::string format_real(double value) { return fmt::format("{}", value); }

double parse_real(const std::string& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) {
    throw Error(ErrorKind::Corrupt, "the database holds a fraction that is none");
  }
  return value;
}

}  // namespace trainyard::repository
