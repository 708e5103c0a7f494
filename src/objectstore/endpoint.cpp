#include "objectstore/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kLongest = 2048;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::InvalidInput, "the endpoint '" + printable(text) + "' " +
                                           std::string(why) +
                                           "; write it as https://host or http://host:port");
}

bool host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// Takes "host" or "[v6]" off the front of `rest`.
std::string take_host(std::string_view text, std::string_view& rest) {
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    const std::string host = to_lower(rest.substr(0, close == rest.npos ? 0 : close + 1));
    if (!is_address(host)) refuse(text, "has a broken IPv6 address");
    rest.remove_prefix(host.size());
    return host;
  }
  const std::size_t end = std::min(rest.find_first_of(":/"), rest.size());
  const std::string host = to_lower(rest.substr(0, end));
  rest.remove_prefix(end);
  if (host.empty() || host.size() > 253) refuse(text, "names no host");
  if (!std::all_of(host.begin(), host.end(), host_character)) {
    refuse(text, "has a character that no host name can have");
  }
  return host;
}

std::uint16_t take_port(std::string_view text, std::string_view& rest) {
  if (!rest.starts_with(':')) return 0;
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const auto port = parse_u64(rest.substr(1, end - 1));
  if (!port || *port == 0 || *port > 65535) refuse(text, "has a port that is not 1 to 65535");
  rest.remove_prefix(end);
  return static_cast<std::uint16_t>(*port);
}

std::string base_path(std::string_view text, std::string_view rest) {
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto decoded = percent_decode(rest);
  if (!decoded) refuse(text, "has a broken %-escape in its path");
  return percent_encode(*decoded, Slash::Keep);
}

// The part between a head and a tail; nullopt when `host` is not of that form.
std::optional<std::string_view> between(std::string_view host, std::string_view head,
                                        std::string_view tail) {
  if (!host.starts_with(head) || !host.ends_with(tail)) return std::nullopt;
  if (host.size() <= head.size() + tail.size()) return std::nullopt;
  return host.substr(head.size(), host.size() - head.size() - tail.size());
}

std::optional<KnownHost> aws_host(std::string_view host) {
  for (const std::string_view domain : {"amazonaws.com", "amazonaws.com.cn"}) {
    const std::string tail = "." + std::string(domain);
    if (host == "s3" + tail || host == "s3-external-1" + tail) {
      return KnownHost{true, {}, std::string(domain)};
    }
    for (const std::string_view head :
         {"s3.dualstack.", "s3-fips.dualstack.", "s3-fips.", "s3.", "s3-"}) {
      const auto region = between(host, head, tail);
      if (region && region->find('.') == region->npos) {
        return KnownHost{true, std::string(*region), std::string(domain)};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::string Endpoint::authority() const {
  return port == 0 ? host : host + ":" + std::to_string(port);
}

std::string Endpoint::url() const { return scheme + "://" + authority() + path; }

Endpoint parse_endpoint(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest.empty()) refuse(text, "is empty");
  if (rest.size() > kLongest) refuse(text, "is too long");
  Endpoint endpoint;
  if (const std::size_t colon = rest.find("://"); colon != rest.npos) {
    endpoint.scheme = to_lower(rest.substr(0, colon));
    if (endpoint.scheme != "http" && endpoint.scheme != "https") {
      refuse(text, "is neither http nor https");
    }
    rest.remove_prefix(colon + 3);
  }
  if (rest.find_first_of("?#@") != rest.npos) refuse(text, "has a user, a query or a fragment");
  endpoint.host = take_host(text, rest);
  endpoint.port = take_port(text, rest);
  if (!rest.empty() && rest.front() != '/') refuse(text, "cannot be read after its host");
  endpoint.path = base_path(text, rest);
  if (endpoint.scheme.empty()) endpoint.scheme = is_loopback(endpoint.host) ? "http" : "https";
  const std::uint16_t usual = endpoint.scheme == "https" ? 443 : 80;
  if (endpoint.port == usual) endpoint.port = 0;
  return endpoint;
}

bool is_address(std::string_view host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    const std::string inner(host.substr(1, host.size() - 2));
    return ::inet_pton(AF_INET6, inner.c_str(), address.data()) == 1;
  }
  return ::inet_pton(AF_INET, std::string(host).c_str(), address.data()) == 1;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (is_address(host) && host.starts_with("127."));
}

KnownHost known_host(std::string_view host) {
  if (auto aws = aws_host(host)) return *aws;
  struct Form {
    std::string_view head, tail;
  };
  static constexpr Form kForms[] = {
      {"s3.private.", ".cloud-object-storage.appdomain.cloud"},
      {"s3.direct.", ".cloud-object-storage.appdomain.cloud"},
      {"s3.", ".cloud-object-storage.appdomain.cloud"},
      {"s3-api.", ".objectstorage.softlayer.net"},
      {"s3.", ".objectstorage.softlayer.net"},
      {"s3.", ".wasabisys.com"},
      {"s3.", ".backblazeb2.com"},
      {"s3.", ".scw.cloud"},
      {"s3.", ".io.cloud.ovh.net"},
  };
  for (const Form& form : kForms) {
    const auto region = between(host, form.head, form.tail);
    if (region && region->find('.') == region->npos) return {false, std::string(*region), {}};
  }
  return {};
}

}  // namespace trainyard::objectstore
