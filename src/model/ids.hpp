#pragma once
#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::model {

// "training-" and nine characters of A-Za-z0-9_- (T17).
class RunId {
 public:
  RunId() = default;
  // Of letters and digits alone: an old client takes an id with an underscore for a step of a
  // hyper-parameter search and leaves it out (wml-v3 b.3), and a dash at its start looks like an
  // option.
  static RunId generate();
  static std::optional<RunId> parse(std::string_view text);
  const std::string& str() const noexcept { return value_; }
  auto operator<=>(const RunId&) const = default;

 private:
  explicit RunId(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

}  // namespace trainyard::model

template <>
struct std::hash<trainyard::model::RunId> {
  std::size_t operator()(const trainyard::model::RunId& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
