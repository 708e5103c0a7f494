#pragma once
// Requests to one container and its segments, with a token that is renewed; refusals as Errors.
// Thread-safe.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.hpp"
#include "http/client.hpp"
#include "objectstore/swift_limits.hpp"
#include "objectstore/swift_session.hpp"
#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore::swift {

struct Request {
  std::string action;  // for errors: "read 'a/b'"
  std::string method = "GET";
  std::string container;                                   // empty: the store's own
  std::optional<std::string> key;                          // none: the container itself
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  http::Headers headers;
  http::BodySource* body = nullptr;
  std::function<void(std::string_view)> sink;
  std::function<void(int, const http::Headers&)> on_headers;
  bool not_found_is_answer = false;
  std::optional<std::chrono::milliseconds> total_timeout;
  std::stop_token stop;
};

class Client {
 public:
  Client(SwiftOptions options, std::shared_ptr<http::Client> http, Clock& clock);

  const SwiftOptions& options() const { return options_; }
  const std::string& description() const { return description_; }
  std::string segments_container() const { return options_.container + "_segments"; }
  // 2xx, or 404 when asked for. Sends once more with a new token after a 401. Throws StoreError.
  http::ClientResponse send(Request& request);
  // What the server says of itself, asked for once; Swift's own values when it does not say. Throws
  // only as the token's fetch does, and Canceled.
  Limits limits(std::stop_token stop);

 private:
  std::optional<Limits> ask_limits(std::stop_token stop);

  http::ClientResponse send_with(const Session::Token& token, const Request& request);
  [[noreturn]] void refuse(const http::ClientResponse& response, const Request& request) const;

  SwiftOptions options_;
  std::shared_ptr<http::Client> http_;
  std::string description_;
  Session session_;
  Sync<std::optional<Limits>> limits_;
};

}  // namespace trainyard::objectstore::swift
