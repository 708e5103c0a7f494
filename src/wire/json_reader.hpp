#pragma once
// Reads JSON that others sent: bounded in size and depth, every error a sentence that names the
// field. Unknown fields are ignored, so that both sides may be of different versions.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace trainyard::wire {

inline constexpr int kMaxDepth = 32;

// One JSON object. A field that is null counts as missing. All calls throw InvalidInput, for
// example "run: field \"entity.status.state\" must be a text".
class JsonObject {
 public:
  // `what` names the document in errors ("run"). TooLarge when `text` is longer than `limit`.
  static JsonObject parse(std::string_view text, std::string_view what, std::size_t limit);

  // The same for one object or a list of them; an empty list is InvalidInput.
  static std::vector<JsonObject> parse_one_or_more(std::string_view text, std::string_view what,
                                                   std::size_t limit);

  bool has(std::string_view key) const;

  std::string text(std::string_view key) const;  // required
  std::optional<std::string> optional_text(std::string_view key) const;
  std::string text_or_empty(std::string_view key) const;
  Secret secret_or_empty(std::string_view key) const { return Secret(text_or_empty(key)); }
  std::vector<std::string> texts(std::string_view key) const;  // empty when missing

  // A whole number that T can hold.
  template <std::integral T>
  T number(std::string_view key) const {  // required
    return static_cast<T>(integer(key, bounds<T>()));
  }
  template <std::integral T>
  std::optional<T> optional_number(std::string_view key) const {
    return has(key) ? std::optional(number<T>(key)) : std::nullopt;
  }
  std::optional<double> optional_real(std::string_view key) const;
  bool flag(std::string_view key) const;  // false when missing
  TimePoint time(std::string_view key) const;
  std::optional<TimePoint> optional_time(std::string_view key) const;

  JsonObject object(std::string_view key) const;  // required
  std::optional<JsonObject> optional_object(std::string_view key) const;
  std::vector<JsonObject> objects(std::string_view key) const;  // empty when missing

  // For what the calls above do not cover; the tree lives as long as any JsonObject of it.
  const nlohmann::json& tree() const { return *node_; }
  [[noreturn]] void fail(std::string_view key, std::string_view expected) const;

 private:
  JsonObject(std::shared_ptr<const nlohmann::json> root, const nlohmann::json* node,
             std::string what, std::string path);

  const nlohmann::json* find(std::string_view key) const;  // nullptr when missing or null
  const nlohmann::json& require(std::string_view key) const;
  JsonObject child(const nlohmann::json& node, std::string_view key) const;

  struct Bounds {
    std::int64_t least, most;
  };
  template <std::integral T>
  static constexpr Bounds bounds() {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr T most = std::numeric_limits<T>::max();
    return {static_cast<std::int64_t>(std::numeric_limits<T>::min()),
            std::in_range<std::int64_t>(most) ? static_cast<std::int64_t>(most) : kMost};
  }
  std::int64_t integer(std::string_view key, Bounds bounds) const;

  std::shared_ptr<const nlohmann::json> root_;
  const nlohmann::json* node_;
  std::string what_;
  std::string path_;  // "entity.status." of this object
};

}  // namespace trainyard::wire
