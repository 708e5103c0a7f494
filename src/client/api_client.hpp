#pragma once
// A typed client of the service's API, for the command line. Blocking; one thread at a time.
//
// All calls throw Error: Unavailable with what to do when the service does not answer, and for a
// refusal the kind that fits its status, with the service's own sentence. The token is kept, and
// asked for again once the service takes it no more.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "client/endpoint.hpp"
#include "client/file_source.hpp"
#include "http/client.hpp"
#include "model/manifest.hpp"
#include "wire/frameworks.hpp"
#include "wire/run.hpp"
#include "wire/status.hpp"

namespace trainyard::client {

struct LogRequest {
  std::string file = "training-log.txt";  // or load-data.log, load-model.log
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> last_lines;  // in place of the offset
  bool follow = false;
};

class ApiClient {
 public:
  // `http` and `clock` outlive it. `stop` ends every call with Canceled.
  ApiClient(http::Client& http, Clock& clock, Endpoint endpoint, std::stop_token stop = {});

  const Endpoint& endpoint() const { return endpoint_; }

  // Creates a training definition, uploads the zip, starts the run (b.1, b.2); nothing is started
  // when the upload is refused. A start whose answer is lost is asked for again and started once.
  wire::RunView train(const model::Manifest& manifest, const std::filesystem::path& zip,
                      FileSource::Progress on_upload = {});
  // Throws what train() would for the manifest alone; nothing is started.
  void check(const model::Manifest& manifest);
  std::string run_json(const std::string& id);  // as the service answered
  wire::RunView run(const std::string& id) { return wire::decode_run(run_json(id)); }
  // Summaries of all runs, page by page, the oldest first.
  void runs(const std::function<void(wire::RunView)>& each);
  void cancel(const std::string& id);
  void remove(const std::string& id);  // ends it first when it is not ended
  // Any call by its path, for what has none of its own here; the answer's body.
  std::string call_json(const char* method, const std::string& path, const std::string& json = {});
  // POST under an Idempotency-Key: when the answer is lost it is sent again, and done once.
  std::string start(const std::string& path, const std::string& json);
  // The file, to the content_url of a training definition.
  void upload(const std::string& content_url, const std::filesystem::path& file,
              FileSource::Progress on_upload);
  std::string frameworks_json();
  std::vector<wire::FrameworkView> frameworks();
  std::string status_json();
  wire::ServiceStatus status() { return wire::decode_status(status_json()); }
  // Bytes as they come; returns at the log's end (follow: once the run has ended). A follow whose
  // connection is lost goes on where it stood, for as long as it takes.
  void log(const std::string& id, const LogRequest& request,
           const std::function<void(std::string_view)>& sink);

 private:
  struct LogPosition {
    std::uint64_t offset = 0;
    bool known = false;  // the service has said where the first byte stands
  };
  http::ClientRequest make(std::string method, const std::string& url) const;
  // Sends with the token, with a fresh one when it is refused.
  http::ClientResponse call(http::ClientRequest request);
  http::ClientResponse send(http::ClientRequest& request);
  std::string get(const std::string& path) { return call(make("GET", path)).body; }
  std::string send_json(const char* method, const std::string& path, const std::string& json,
                        const http::Headers& more = {});
  const Secret& token();
  std::string own_url(const std::string& url) const;
  std::string define(const model::Manifest& manifest, const std::filesystem::path& zip,
                     FileSource::Progress on_upload);
  void read_log(const std::string& id, const LogRequest& request, LogPosition& position,
                const std::function<void(std::string_view)>& sink);

  http::Client& http_;
  Clock& clock_;
  const Endpoint endpoint_;
  const std::stop_token stop_;
  Secret token_;
};

}  // namespace trainyard::client
