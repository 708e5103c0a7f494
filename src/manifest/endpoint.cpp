#include "manifest/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/strings.hpp"

namespace trainyard::manifest {
namespace {

bool is_host_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
}

bool valid_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return host.find_first_not_of("0123456789abcdefABCDEF:.") == host.npos;
  }
  return !host.empty() && host.front() != '.' &&
         std::all_of(host.begin(), host.end(), is_host_char);
}

bool is_this_machine(std::string_view host) {
  return iequals(host, "localhost") || host.starts_with("127.") || host == "[::1]";
}

struct Authority {
  std::string_view host;
  std::optional<std::string_view> port;
};

Authority split_authority(std::string_view authority) {
  const auto after_host = authority.starts_with('[') ? authority.find(']') : 0;
  const auto colon =
      after_host == authority.npos ? authority.npos : authority.find(':', after_host);
  if (colon == authority.npos) return {authority, {}};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

std::string problem_of(const Authority& authority, std::string_view path) {
  if (authority.host.find('@') != std::string_view::npos ||
      (authority.port && authority.port->find('@') != std::string_view::npos)) {
    return "credentials stand in the URL; they have keys of their own";
  }
  if (!valid_host(authority.host)) return "expected a URL such as https://host or http://host:9000";
  if (authority.port) {
    const auto port = parse_u64(*authority.port);
    if (!port || *port == 0 || *port > 65535) return "expected a port number from 1 to 65535";
  }
  if (path.find_first_of("?# \t\n") != std::string_view::npos) {
    return "expected a URL without blanks, ? and #";
  }
  if (path == "/endpoints") {
    return "this page lists endpoints and is none itself; take one of those that it lists";
  }
  return {};
}

}  // namespace

Endpoint read_endpoint(std::string_view text) {
  text = trim(text);
  std::string scheme;
  if (const auto end = text.find("://"); end != text.npos) {
    scheme = to_lower(text.substr(0, end));
    text.remove_prefix(end + 3);
    if (scheme != "http" && scheme != "https") {
      return {"", "", "expected a URL that begins with https:// or http://"};
    }
  }
  const auto slash = std::min(text.find('/'), text.size());
  const auto authority = split_authority(text.substr(0, slash));
  const auto path = text.substr(slash);
  if (auto problem = problem_of(authority, path); !problem.empty()) return {"", "", problem};

  const std::string assumed =
      !scheme.empty() ? "" : (is_this_machine(authority.host) ? "http" : "https");
  return {fmt::format("{}://{}{}", scheme.empty() ? assumed : scheme, text.substr(0, slash), path),
          assumed, ""};
}

}  // namespace trainyard::manifest
