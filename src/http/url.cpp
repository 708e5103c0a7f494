#include "http/url.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::http {

namespace {

using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

[[noreturn]] void refuse(std::string_view url, std::string_view why) {
  throw Error(ErrorKind::InvalidInput, fmt::format("'{}' is not a usable URL: {}",
                                                   printable(url.substr(0, url.find('?'))), why));
}

std::optional<std::string> part(CURLU* handle, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, what, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

// Path and query exactly as written: libcurl's parser would normalise them.
std::string raw_target(std::string_view url) {
  const std::size_t authority = url.find("://") + 3;
  const std::size_t start = url.find_first_of("/?#", authority);
  if (start == std::string_view::npos) return "/";
  const std::string_view target = url.substr(start, url.find('#', start) - start);
  return target.starts_with('/') ? std::string(target) : fmt::format("/{}", target);
}

std::uint16_t port_of(CURLU* handle, const std::string& scheme) {
  const auto port = part(handle, CURLUPART_PORT);
  if (port) return static_cast<std::uint16_t>(parse_u64(*port).value_or(0));
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

}  // namespace

std::string Url::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Url parse_url(const std::string& url) {
  const auto forbidden = [](unsigned char byte) { return byte <= 0x20 || byte == 0x7f; };
  if (std::any_of(url.begin(), url.end(), forbidden)) {
    refuse(url, "blanks and control bytes must be percent-encoded");
  }
  const std::size_t colon = url.find(':');
  if (colon == std::string::npos || url.compare(colon, 3, "://") != 0 ||
      url.compare(colon, 4, ":///") == 0) {
    refuse(url, "it must have the form http://HOST:PORT/PATH");
  }
  const UrlHandle handle(curl_url(), &curl_url_cleanup);
  if (!handle) throw Error(ErrorKind::Exhausted, "out of memory while reading a URL");
  const CURLUcode code =
      curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) refuse(url, curl_url_strerror(code));
  if (part(handle.get(), CURLUPART_USER) || part(handle.get(), CURLUPART_PASSWORD)) {
    refuse("", "credentials do not belong into a URL; pass them by header");
  }

  Url result;
  result.scheme = part(handle.get(), CURLUPART_SCHEME).value_or("");
  constexpr std::string_view kSchemes[] = {"http", "https", "ws", "wss"};
  if (std::find(std::begin(kSchemes), std::end(kSchemes), result.scheme) == std::end(kSchemes)) {
    refuse(url, "it must start with http:// or https://");
  }
  result.host = part(handle.get(), CURLUPART_HOST).value_or("");
  if (result.host.starts_with('[')) result.host = result.host.substr(1, result.host.size() - 2);
  if (result.host.empty()) refuse(url, "it names no host");
  result.port = port_of(handle.get(), result.scheme);
  if (result.port == 0) refuse(url, "there is no port 0");
  result.target = raw_target(url);
  return result;
}

bool is_loopback(const std::string& host) {
  if (iequals(host, "localhost")) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace trainyard::http
