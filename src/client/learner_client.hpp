#pragma once
// The learner's side of wire/learner.hpp. Every call is one request, may be repeated, and throws
// Error: Unavailable or Timeout when the server does not answer or asks to come later, also when
// something else answers in its place (try again); NotFound when the server says that the run is
// gone or another attempt has it (stop); Unauthenticated for a token that is not taken; Forbidden
// for bytes of a log that is closed, because the run has ended; Conflict for a gap in the events;
// Canceled. Thread-safe.
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "http/client.hpp"
#include "wire/learner.hpp"

namespace trainyard::client {

class LearnerClient {
 public:
  virtual ~LearnerClient() = default;
  virtual wire::Assignment assignment(std::stop_token stop) = 0;
  // The zip's bytes in order. A sink that got bytes of a failed call must be emptied first.
  virtual void definition(const std::function<void(std::string_view)>& sink,
                          std::stop_token stop) = 0;
  virtual wire::ReportAnswer report(const wire::Report& report, std::stop_token stop) = 0;
  // `file` is a name of wml-v3 (e.4). Returns how many bytes the server has; when that is less than
  // `offset` (a gap), it took none: send from there. No bytes: asks for the size.
  virtual std::uint64_t append_log(std::string_view file, std::uint64_t offset,
                                   std::string_view bytes, std::stop_token stop) = 0;
};

// `http` must outlive it.
std::unique_ptr<LearnerClient> make_learner_client(http::Client& http,
                                                   const std::string& server_url,
                                                   const model::RunId& run, Secret token);

}  // namespace trainyard::client
