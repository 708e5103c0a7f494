#include "wire/json_reader.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::wire {
namespace {

using Json = nlohmann::json;

[[noreturn]] void reject(std::string_view what, std::string_view problem) {
  throw Error(ErrorKind::InvalidInput, fmt::format("{}: {}", what, problem));
}

Json parse_bounded(std::string_view text, std::string_view what, std::size_t limit) {
  if (text.size() > limit) {
    throw Error(ErrorKind::TooLarge, fmt::format("{}: {} is more than the {} that are taken", what,
                                                 format_bytes(text.size()), format_bytes(limit)));
  }
  const auto bound_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) reject(what, fmt::format("is nested deeper than {} levels", kMaxDepth));
    return true;
  };
  try {
    return Json::parse(text, bound_depth);
  } catch (const Json::parse_error& e) {
    reject(what, fmt::format("is not JSON (at byte {}); it must be a JSON object", e.byte));
  } catch (const Json::out_of_range&) {
    reject(what, "holds a number that is too large");
  }
}

}  // namespace

JsonObject::JsonObject(std::shared_ptr<const Json> root, const Json* node, std::string what,
                       std::string path)
    : root_(std::move(root)), node_(node), what_(std::move(what)), path_(std::move(path)) {}

JsonObject JsonObject::parse(std::string_view text, std::string_view what, std::size_t limit) {
  auto root = std::make_shared<const Json>(parse_bounded(text, what, limit));
  if (!root->is_object()) reject(what, "must be a JSON object");
  const Json* node = root.get();
  return JsonObject(std::move(root), node, std::string(what), "");
}

std::vector<JsonObject> JsonObject::parse_one_or_more(std::string_view text, std::string_view what,
                                                      std::size_t limit) {
  const auto root = std::make_shared<const Json>(parse_bounded(text, what, limit));
  if (root->is_object()) return {JsonObject(root, root.get(), std::string(what), "")};
  if (!root->is_array() || root->empty()) reject(what, "must be a JSON object or a list of them");
  std::vector<JsonObject> result;
  for (const Json& item : *root) {
    if (!item.is_object()) reject(what, "must be a JSON object or a list of them");
    result.push_back(JsonObject(root, &item, std::string(what), ""));
  }
  return result;
}

void JsonObject::fail(std::string_view key, std::string_view expected) const {
  reject(what_, fmt::format("field \"{}{}\" {}", path_, printable(key), expected));
}

const Json* JsonObject::find(std::string_view key) const {
  const auto found = node_->find(key);
  return found == node_->end() || found->is_null() ? nullptr : &*found;
}

const Json& JsonObject::require(std::string_view key) const {
  const Json* found = find(key);
  if (found == nullptr) fail(key, "is missing");
  return *found;
}

bool JsonObject::has(std::string_view key) const { return find(key) != nullptr; }

std::string JsonObject::text(std::string_view key) const {
  const Json& node = require(key);
  if (!node.is_string()) fail(key, "must be a text");
  return node.get<std::string>();
}

std::optional<std::string> JsonObject::optional_text(std::string_view key) const {
  return has(key) ? std::optional(text(key)) : std::nullopt;
}

std::string JsonObject::text_or_empty(std::string_view key) const {
  return has(key) ? text(key) : std::string();
}

std::vector<std::string> JsonObject::texts(std::string_view key) const {
  const Json* node = find(key);
  if (node == nullptr) return {};
  if (!node->is_array()) fail(key, "must be a list of texts");
  std::vector<std::string> result;
  for (const Json& item : *node) {
    if (!item.is_string()) fail(key, "must be a list of texts");
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::int64_t JsonObject::integer(std::string_view key, Bounds bounds) const {
  const Json& node = require(key);
  const bool fits =
      node.is_number_integer() &&
      (!node.is_number_unsigned() || std::in_range<std::int64_t>(node.get<std::uint64_t>()));
  if (!fits || node.get<std::int64_t>() < bounds.least || node.get<std::int64_t>() > bounds.most) {
    fail(key, fmt::format("must be a whole number from {} to {}", bounds.least, bounds.most));
  }
  return node.get<std::int64_t>();
}

std::optional<double> JsonObject::optional_real(std::string_view key) const {
  const Json* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_number()) fail(key, "must be a number");
  return node->get<double>();
}

bool JsonObject::flag(std::string_view key) const {
  const Json* node = find(key);
  if (node == nullptr) return false;
  if (!node->is_boolean()) fail(key, "must be true or false");
  return node->get<bool>();
}

TimePoint JsonObject::time(std::string_view key) const {
  const auto result = parse_time(text(key));
  if (!result) fail(key, "must be a time like 2017-10-26T11:16:51Z");
  return *result;
}

std::optional<TimePoint> JsonObject::optional_time(std::string_view key) const {
  return has(key) ? std::optional(time(key)) : std::nullopt;
}

JsonObject JsonObject::child(const Json& node, std::string_view key) const {
  return JsonObject(root_, &node, what_, fmt::format("{}{}.", path_, key));
}

JsonObject JsonObject::object(std::string_view key) const {
  const Json& node = require(key);
  if (!node.is_object()) fail(key, "must be an object");
  return child(node, key);
}

std::optional<JsonObject> JsonObject::optional_object(std::string_view key) const {
  return has(key) ? std::optional(object(key)) : std::nullopt;
}

std::vector<JsonObject> JsonObject::objects(std::string_view key) const {
  const Json* node = find(key);
  if (node == nullptr) return {};
  if (!node->is_array()) fail(key, "must be a list of objects");
  std::vector<JsonObject> result;
  result.reserve(node->size());
  for (const Json& item : *node) {
    const std::string place = fmt::format("{}[{}]", key, result.size());
    if (!item.is_object()) fail(place, "must be an object");
    result.push_back(child(item, place));
  }
  return result;
}

}  // namespace trainyard::wire
