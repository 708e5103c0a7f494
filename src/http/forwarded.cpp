#include "http/forwarded.hpp"

#include <arpa/inet.h>

#include <array>
#include <string_view>

#include "base/strings.hpp"

namespace trainyard::http {
namespace {

struct Place {
  std::string_view host;  // without brackets
  std::string_view port;  // empty: none
};

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80".
Place split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return {};
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return {};
    return {text.substr(1, end - 1), rest.substr(rest.empty() ? 0 : 1)};
  }
  const auto colon = text.find(':');
  if (colon == text.npos || colon != text.rfind(':')) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

// As it is always written; empty when it is no address.
std::string address_of(std::string_view host) {
  const std::string text(host);
  std::array<char, INET6_ADDRSTRLEN> shown{};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return inet_ntop(AF_INET, &v4, shown.data(), shown.size());
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return {};
  return "[" + std::string(inet_ntop(AF_INET6, &v6, shown.data(), shown.size())) + "]";
}

}  // namespace

std::optional<std::string> forwarded_peer(const Headers& headers) {
  const auto lines = headers.get_all("X-Forwarded-For");
  if (lines.empty()) return std::nullopt;
  const std::string_view line = lines.back();
  const auto place = split(trim(line.substr(line.rfind(',') + 1)));
  auto peer = address_of(place.host);
  if (peer.empty()) return std::nullopt;
  const auto port = parse_u64(place.port);
  if (port && *port <= 65535) peer += ":" + std::to_string(*port);
  return peer;
}

}  // namespace trainyard::http
