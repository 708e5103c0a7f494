#pragma once
// What the server and the client share: header lists, methods, status texts.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::http {

// Headers in order of arrival; names compare case-insensitively, duplicates are kept.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> items) : items_(items) {}
  void add(std::string name, std::string value) {
    items_.emplace_back(std::move(name), std::move(value));
  }
  void set(std::string_view name, std::string value);  // replaces every header of that name
  void erase(std::string_view name);
  // The first of that name.
  std::optional<std::string> get(std::string_view name) const;
  std::vector<std::string> get_all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

// A query string as (decoded name, decoded value) in order; "a" and "a=" both have the value "".
class Query {
 public:
  static Query parse(std::string_view raw);
  std::optional<std::string> get(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

// Whether a header that holds a comma-separated list, such as Connection, lists `token`.
bool lists_token(const Headers& headers, std::string_view name, std::string_view token);

// One chunk of a chunked body (RFC 9112, 7.1), and what stands before and after its bytes.
std::string chunk_of(std::string_view bytes);
std::string chunk_line(std::size_t size);  // "1a\r\n"
constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

std::string_view reason_phrase(int status);

}  // namespace trainyard::http
