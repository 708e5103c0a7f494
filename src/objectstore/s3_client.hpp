#pragma once
// Signed requests to one bucket. Knows where the bucket is, what region and what time its server
// wants, and turns refusals into Errors. Thread-safe.
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "http/client.hpp"
#include "objectstore/s3_error.hpp"
#include "objectstore/s3_store.hpp"

namespace trainyard::objectstore::s3 {

struct Request {
  std::string action;  // for errors: "read 'a/b'"
  std::string method = "GET";
  std::optional<std::string> key;                          // none: the bucket itself
  std::vector<std::pair<std::string, std::string>> query;  // decoded; sorted before signing
  http::Headers headers;
  http::BodySource* body = nullptr;
  std::string payload_hash;  // empty: of nothing without a body, else UNSIGNED-PAYLOAD
  std::function<void(std::string_view)> sink;
  std::function<void(int, const http::Headers&)> on_headers;
  bool not_found_is_answer = false;     // 404 comes back as a response (HEAD)
  bool fresh_connection = false;        // as of http::ClientRequest
  bool success_may_hold_error = false;  // CompleteMultipartUpload: 200, then <Error> in the body
  std::optional<std::chrono::milliseconds> total_timeout;
  std::stop_token stop;
};

class Client {
 public:
  Client(S3Options options, std::shared_ptr<http::Client> http, Clock& clock);

  const S3Options& options() const { return options_; }
  const std::string& description() const { return description_; }
  // 2xx, or 404 when asked for. Sends again after it learned a region or the time, each once;
  // nothing else is retried. Throws StoreError.
  http::ClientResponse send(Request& request);

 private:
  struct Target {
    std::string authority;
    std::string path;
  };
  Target target(const std::optional<std::string>& key, const std::string& region) const;
  http::ClientResponse send_once(const Request& request, const std::string& region);
  http::Headers signed_headers(const Request& request, const Target& target,
                               const std::string& raw_query, const std::string& region) const;
  enum class Lesson { None, Clock, Region };
  // What the refusal taught that makes another attempt worth while.
  Lesson learn(const Refusal& refusal, const http::Headers& headers,
               const std::string& used_region);

  S3Options options_;
  std::shared_ptr<http::Client> http_;
  Clock& clock_;
  std::string description_;
  Sync<std::string> region_;
  std::atomic<std::int64_t> clock_offset_ms_{0};
};

}  // namespace trainyard::objectstore::s3
