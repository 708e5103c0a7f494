#pragma once
// URLs, taken apart by libcurl's parser. Internal to src/http.
#include <cstdint>
#include <string>

namespace trainyard::http {

struct Url {
  std::string scheme;  // lower case
  std::string host;    // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string target;  // path and query as they were written; at least "/"

  std::string authority() const;  // "host:port", for messages and the Host header
};

// Accepts http, https, ws and wss. Throws InvalidInput for anything else, for control bytes and
// blanks, and for a user name or password inside the URL. The text of the error leaves the query
// out, since a presigned URL carries its signature there.
Url parse_url(const std::string& url);

// "localhost", 127.0.0.0/8, ::1.
bool is_loopback(const std::string& host);

}  // namespace trainyard::http
