#include "wire/masking.hpp"

#include <algorithm>
#include <array>

#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard::wire {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMask = "***";
constexpr std::size_t kMarkLength = 32;

// What a name has in it, and what it ends with where that has other meanings ("access_key_id").
constexpr std::array<std::string_view, 7> kSecretWords{
    "secret", "password", "passwd", "passphrase", "apikey", "privatekey", "credential"};
constexpr std::array<std::string_view, 2> kSecretEnds{"accesskey", "accountkey"};
// Whole words, or the last one of several ("db_pass", but neither "bypass" nor "pass_count").
constexpr std::array<std::string_view, 2> kLastWords{"pass", "pwd"};
// What chooses within the server that a connection names.
constexpr std::array<std::string_view, 6> kWithinServer{"region", "bucket", "container",
                                                        "prefix", "path",   "name"};

// "API-KEY", "api_key" and "apiKey" are one name.
std::string letters_of(std::string_view name) {
  std::string letters = to_lower(name);
  std::erase_if(letters, [](char c) { return c == '_' || c == '-'; });
  return letters;
}

// "max_tokens": 512 is none, nor is what takes texts apart ("tokenizer").
bool is_token(std::string_view letters, const Json& value) {
  const auto at = letters.find("token");
  if (at == letters.npos || value.is_number() || value.is_boolean()) return false;
  return !letters.substr(at).starts_with("tokeniz");
}

bool ends_with_word(std::string_view name, std::string_view word) {
  if (!to_lower(name).ends_with(word)) return false;
  if (name.size() == word.size()) return true;
  const char before = name[name.size() - word.size() - 1];
  const char first = name[name.size() - word.size()];
  return before == '_' || before == '-' || before == '.' || (first >= 'A' && first <= 'Z');
}

bool is_secret(std::string_view name, const Json& value) {
  const std::string letters = letters_of(name);
  const auto has = [&](std::string_view word) { return letters.find(word) != letters.npos; };
  const auto ends = [&](std::string_view word) { return letters.ends_with(word); };
  const auto ends_name = [&](std::string_view word) { return ends_with_word(name, word); };
  return std::ranges::any_of(kSecretWords, has) || std::ranges::any_of(kSecretEnds, ends) ||
         std::ranges::any_of(kLastWords, ends_name) || is_token(letters, value);
}

// Where the "user:password" of the next URL in `text` stands; an empty one when none has any.
std::string_view next_login(std::string_view text) {
  constexpr std::string_view kAuthority = "://";
  for (auto at = text.find(kAuthority); at != text.npos; at = text.find(kAuthority, at)) {
    at += kAuthority.size();
    const auto authority = text.substr(at, text.substr(at).find_first_of("/?# \t\r\n\"'<>"));
    const auto end = authority.rfind('@');
    if (end != authority.npos && end > 0) return authority.substr(0, end);
  }
  return {};
}

std::string without_logins(const std::string& text) {
  std::string result;
  std::string_view rest = text;
  for (auto login = next_login(rest); !login.empty(); login = next_login(rest)) {
    const auto before = static_cast<std::size_t>(login.data() - rest.data());
    result.append(rest.substr(0, before)).append(kMask);
    rest.remove_prefix(before + login.size());
  }
  return result.append(rest);
}

bool has_masked_login(std::string_view text) {
  for (auto login = next_login(text); !login.empty(); login = next_login(text)) {
    if (login == kMask) return true;
    text.remove_prefix(static_cast<std::size_t>(login.data() - text.data()) + login.size());
  }
  return false;
}

}  // namespace

Json without_secrets(Json tree) {
  if (tree.is_string()) return without_logins(tree.get_ref<const std::string&>());
  if (tree.is_array()) {
    for (auto& item : tree) item = without_secrets(std::move(item));
  }
  if (tree.is_object()) {
    for (auto& [name, member] : tree.items()) {
      member = is_secret(name, member) ? Json(kMask) : without_secrets(std::move(member));
    }
  }
  return tree;
}

bool has_masked_secret(const Json& tree) {
  if (tree.is_string()) return has_masked_login(tree.get_ref<const std::string&>());
  if (tree.is_array()) return std::ranges::any_of(tree, has_masked_secret);
  if (!tree.is_object()) return false;
  for (const auto& [name, member] : tree.items()) {
    if (is_secret(name, member) ? member == kMask : has_masked_secret(member)) return true;
  }
  return false;
}

Json place_of(Json tree) {
  if (tree.is_array()) {
    for (auto& item : tree) item = place_of(std::move(item));
  }
  if (!tree.is_object()) return tree;
  Json place = Json::object();
  for (auto& [name, member] : tree.items()) {
    const bool within = std::ranges::find(kWithinServer, name) != kWithinServer.end();
    if (!within && !is_secret(name, member)) place[name] = place_of(std::move(member));
  }
  return place;
}

SetAside::SetAside(Json& tree) : marks_begin_(random_alphanumeric(kMarkLength) + " ") {
  take(tree);
}

void SetAside::take(Json& tree) {
  if (tree.is_array()) {
    for (auto& item : tree) take(item);
  }
  if (!tree.is_object()) return;
  for (auto& [name, member] : tree.items()) {
    if (!is_secret(name, member)) {
      take(member);
      continue;
    }
    const auto mark = marks_begin_ + std::to_string(secrets_.size());
    secrets_.emplace(mark, std::move(member));
    member = mark;
  }
}

const Json* SetAside::find(const Json& mark) const {
  if (!mark.is_string()) return nullptr;
  const auto found = secrets_.find(mark.get_ref<const std::string&>());
  return found == secrets_.end() ? nullptr : &found->second;
}

std::string SetAside::name_of_one_in(const Json& tree) const {
  if (!tree.is_structured()) return {};
  for (const auto& [name, member] : tree.items()) {
    if (find(member) != nullptr) return name;
    if (auto inner = name_of_one_in(member); !inner.empty()) return inner;
  }
  return {};
}

void SetAside::put_back(Json& tree) const {
  if (!tree.is_structured()) return;
  for (auto& [name, member] : tree.items()) {
    if (const auto* secret = find(member)) {
      member = *secret;
    } else {
      put_back(member);
    }
  }
}

}  // namespace trainyard::wire
