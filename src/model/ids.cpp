#include "model/ids.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace trainyard::model {
namespace {

constexpr std::string_view kPrefix = "training-";
constexpr std::size_t kSuffixLength = 9;

bool is_shortid_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

RunId RunId::generate() { return RunId(std::string(kPrefix) + random_alphanumeric(kSuffixLength)); }

std::optional<RunId> RunId::parse(std::string_view text) {
  if (text.size() != kPrefix.size() + kSuffixLength || !text.starts_with(kPrefix)) {
    return std::nullopt;
  }
  if (!std::ranges::all_of(text.substr(kPrefix.size()), is_shortid_character)) return std::nullopt;
  return RunId(std::string(text));
}

}  // namespace trainyard::model
