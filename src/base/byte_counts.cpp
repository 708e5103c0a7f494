#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/strings.hpp"

namespace trainyard {

namespace {

using Wide = unsigned __int128;

constexpr std::string_view kPrefixes = "kmgtp";
constexpr std::size_t kMaxFractionDigits = 9;

Wide power(std::uint64_t base, std::size_t exponent) {
  Wide result = 1;
  while (exponent-- > 0) result *= base;
  return result;
}

// "", "b", "k", "kib", "kb" and so on, in lower case → bytes of one unit.
std::optional<Wide> unit_size(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  const std::size_t prefix = kPrefixes.find(unit.front());
  if (prefix == std::string_view::npos) return std::nullopt;
  const std::string_view rest = unit.substr(1);
  if (rest.empty() || rest == "i" || rest == "ib") return power(1024, prefix + 1);
  if (rest == "b") return power(1000, prefix + 1);
  return std::nullopt;
}

// The part after the '.', as bytes of a unit of `size` bytes.
std::optional<Wide> fraction_of(std::string_view digits, Wide size) {
  if (digits.size() > kMaxFractionDigits || size == 1) return std::nullopt;
  const auto value = parse_u64(digits);
  if (!value) return std::nullopt;
  return *value * size / power(10, digits.size());
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  text = trim(text);
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, number_end);
  const auto size = unit_size(to_lower(trim(text.substr(number_end))));
  const std::size_t point = number.find('.');
  const auto whole = parse_u64(number.substr(0, point));
  if (!size || !whole) return std::nullopt;

  Wide bytes = *whole * *size;
  if (point != std::string_view::npos) {
    const auto fraction = fraction_of(number.substr(point + 1), *size);
    if (!fraction) return std::nullopt;
    bytes += *fraction;
  }
  if (bytes > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 and more would be printed as "1024.0".
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::string number = fmt::format("{:.1f}", value);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return fmt::format("{} {}", number, kUnits[unit]);
}

}  // namespace trainyard
