#pragma once
// HTTP client on libcurl. Blocking; connections are kept alive and shared per Client. Thread-safe.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace trainyard::http {

// A body that can be sent again from its start after a failure.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;
  virtual void rewind() = 0;
  virtual std::size_t read(char* into, std::size_t max) = 0;  // 0 at the end
};
std::unique_ptr<BodySource> body_of(std::string bytes);

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, already percent-encoded; sent as is (path-as-is)
  Headers headers;  // no "Expect" is added
  BodySource* body = nullptr;
  // Receives the bytes of a 2xx answer's body as they come; throwing ends the transfer with that
  // exception. Without a sink the body goes to ClientResponse::body (TooLarge over max_body).
  std::function<void(std::string_view)> sink;
  // Called once with status and headers before the first body byte; may throw to stop.
  std::function<void(int, const Headers&)> on_headers;
  std::size_t max_body = 64u << 20;
  // On a connection of its own making: then it never goes out twice (see Client::send).
  bool fresh_connection = false;
  // Takes the answer as gzip; what comes out of here is the text.
  bool compressed = false;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{60'000};  // less than 1 byte/s for this long: Timeout
  std::optional<std::chrono::milliseconds> total_timeout;
  std::stop_token stop;  // Canceled at once
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  // empty when a sink took it; for non-2xx always here (cut at 64 KiB)
  std::uint64_t body_bytes = 0;
};

struct ClientOptions {
  std::string user_agent = "trainyard";
  std::string ca_file;        // PEM; trusted beside the system's authorities; may be empty
  std::size_t max_idle = 64;  // kept connections
};

class Client {
 public:
  virtual ~Client() = default;
  // Any HTTP status is a result. Throws Error: Unavailable (refused, reset, truncated body, DNS),
  // Timeout, Canceled, InvalidInput (bad URL), Corrupt (TLS certificate not trusted). Follows no
  // redirects, uses no .netrc and no cookies. Proxies from the environment are honoured, except for
  // loopback addresses. Sends what `headers` hold and adds only Host, User-Agent and Content-Length
  // (0 for PUT, POST and PATCH without a body). Error texts name the URL without its query.
  //
  // A kept connection may turn out to be dead only when it is used. When that happens before a
  // byte of the answer came, the request goes out once more on a new connection, with the body
  // rewound, whatever its method. A failure on a new connection is never repeated here.
  virtual ClientResponse send(const ClientRequest& request) = 0;
};
std::unique_ptr<Client> make_client(ClientOptions options = {});

// Does the URL name this machine: "localhost", 127.0.0.0/8, ::1? Throws InvalidInput when it is
// none.
bool is_of_loopback(const std::string& url);

// For messages about certificates: "trusted are the system's authorities", and those of the file.
std::string who_is_trusted(const std::string& ca_file);

}  // namespace trainyard::http
