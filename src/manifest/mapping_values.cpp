// The values of a MappingReader as text and numbers.
#include <fmt/format.h>

#include <charconv>

#include "base/strings.hpp"
#include "manifest/mapping_reader.hpp"

namespace trainyard::manifest {

std::string MappingReader::text(std::string_view name) const {
  const auto* value = find(name);
  return value == nullptr ? "" : value->text;
}

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string join_continued_lines(std::string text) {
  std::size_t line = 0;  // where the present one begins
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos;) {
    const auto next = text.find_first_not_of('\n', at);
    if (next == text.npos) break;
    const bool continued = is_blank(text[line]) || is_blank(text[next]);
    if (next == at + 1 && continued) text[at] = ' ';
    at = line = next;
  }
  return text;
}

}  // namespace

std::string MappingReader::command(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return "";
  return value->folded ? join_continued_lines(value->text) : value->text;
}

template <typename Parse>
auto MappingReader::number(std::string_view name, Parse parse, std::string_view expected) const
    -> decltype(parse(std::string_view{})) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  auto parsed = parse(trim(value->text));
  if (!parsed) {
    problems_->error(
        value->at, path(name),
        fmt::format("expected {}, found \"{}\"", expected, printable(value->text, 60)));
  }
  return parsed;
}

std::optional<unsigned> MappingReader::count(std::string_view name) const {
  constexpr std::uint64_t kMost = 1'000'000;
  const auto parse = [](std::string_view text) -> std::optional<unsigned> {
    const auto value = parse_u64(text);
    if (!value || *value > kMost) return std::nullopt;
    return static_cast<unsigned>(*value);
  };
  return number(name, parse, "a whole number");
}

std::optional<double> MappingReader::decimal(std::string_view name) const {
  const auto parse = [](std::string_view text) -> std::optional<double> {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (!(value > 0) || value > 1e6) return std::nullopt;
    return value;
  };
  return number(name, parse, "a number above 0");
}

std::optional<std::uint64_t> MappingReader::bytes(std::string_view name) const {
  return number(name, parse_bytes, "a size such as 16GB or 300MiB");
}

}  // namespace trainyard::manifest
