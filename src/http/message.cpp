#include "http/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/strings.hpp"

namespace trainyard::http {

namespace {

using Item = std::pair<std::string, std::string>;

std::string decoded_or_raw(std::string_view text) {
  return percent_decode(text, Plus::Space).value_or(std::string(text));
}

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  const auto same = [&](const Item& item) { return iequals(item.first, name); };
  const auto first = std::find_if(items_.begin(), items_.end(), same);
  if (first == items_.end()) return add(std::string(name), std::move(value));
  first->second = std::move(value);
  items_.erase(std::remove_if(std::next(first), items_.end(), same), items_.end());
}

void Headers::erase(std::string_view name) {
  std::erase_if(items_, [&](const Item& item) { return iequals(item.first, name); });
}

std::optional<std::string> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (iequals(key, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Headers::get_all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : items_) {
    if (iequals(key, name)) values.push_back(value);
  }
  return values;
}

Query Query::parse(std::string_view raw) {
  Query query;
  while (!raw.empty()) {
    const std::string_view part = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(raw.size(), part.size() + 1));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    std::string_view value;
    if (equals != std::string_view::npos) value = part.substr(equals + 1);
    query.items_.emplace_back(decoded_or_raw(part.substr(0, equals)), decoded_or_raw(value));
  }
  return query;
}

std::optional<std::string> Query::get(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

bool lists_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const std::string& value : headers.get_all(name)) {
    for (const std::string& part : split(value, ',')) {
      if (iequals(trim(part), token)) return true;
    }
  }
  return false;
}

std::string chunk_line(std::size_t size) { return fmt::format("{:x}\r\n", size); }

std::string chunk_of(std::string_view bytes) {
  std::string chunk = chunk_line(bytes.size());
  chunk.reserve(chunk.size() + bytes.size() + kChunkEnd.size());
  return chunk.append(bytes).append(kChunkEnd);
}

std::string_view reason_phrase(int status) {
  const auto* found = std::find_if(std::begin(kReasons), std::end(kReasons),
                                   [&](const Reason& reason) { return reason.status == status; });
  return found == std::end(kReasons) ? "Unknown" : found->phrase;
}

}  // namespace trainyard::http
