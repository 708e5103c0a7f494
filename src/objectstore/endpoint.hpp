#pragma once
// The address of a store as people write it, taken apart. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::objectstore {

struct Endpoint {
  std::string scheme;      // "http" or "https"
  std::string host;        // lower case; an IPv6 address keeps its brackets
  std::uint16_t port = 0;  // 0: the scheme's own
  std::string path;        // percent-encoded, "" or "/base", without '/' at the end

  // "host" or "host:port", as the Host header has it.
  std::string authority() const;
  std::string url() const;  // "https://host:port/base"
  bool operator==(const Endpoint&) const = default;
};

// Takes "https://host[:port][/base]", also without a scheme (then https, or http for loopback).
// Throws InvalidInput with a sentence that names the text.
Endpoint parse_endpoint(std::string_view text);

bool is_address(std::string_view host);   // IPv4 or IPv6 (in brackets)
bool is_loopback(std::string_view host);  // localhost, *.localhost, 127.x, [::1]

// What a host name says about the provider.
struct KnownHost {
  bool aws = false;            // virtual-host addressing, region in the name
  std::string region;          // empty: not in the name
  std::string service_domain;  // "amazonaws.com" or "amazonaws.com.cn", for AWS
};
// s3.REGION.amazonaws.com and its older, dual-stack and China forms; IBM COS
// s3[.private|.direct].REGION.cloud-object-storage.appdomain.cloud and
// s3[-api].REGION.objectstorage.softlayer.net; s3.REGION.(wasabisys|backblazeb2|scw.cloud…).com.
KnownHost known_host(std::string_view host);

}  // namespace trainyard::objectstore
