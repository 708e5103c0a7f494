#include "client/api_client.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "wire/definition.hpp"
#include "wire/error.hpp"
#include "wire/token.hpp"

namespace trainyard::client {
namespace {

constexpr std::size_t kMaxAnswer = 256u << 20;
constexpr Milliseconds kRetryPause{500};
constexpr int kStartAttempts = 3;
// A start that fails after this long has waited for an object store, and would again.
constexpr Milliseconds kLongStart{10'000};
constexpr int kUnauthorized = 401;
// A log that says nothing for this long is asked for again, in case the connection is dead.
constexpr Milliseconds kFollowStall{60'000};

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
      return ErrorKind::Unauthenticated;
    case 403:
      return ErrorKind::Forbidden;
    case 404:
      return ErrorKind::NotFound;
    case 409:
      return ErrorKind::Conflict;
    case 413:
      return ErrorKind::TooLarge;
    case 501:
      return ErrorKind::Unsupported;
    case 429:
    case 502:
    case 503:
      return ErrorKind::Unavailable;
    case 504:
      return ErrorKind::Timeout;
    case 507:
      return ErrorKind::Exhausted;
    default:
      return status >= 500 ? ErrorKind::Internal : ErrorKind::InvalidInput;
  }
}

// ML_ENV is easily set to the store's address, which stands beside it in what `trainyard env`
// prints; or to some other server's.
void check_is_ours(const http::ClientResponse& response, const std::string& url) {
  const auto type = to_lower(response.headers.get("Content-Type").value_or(""));
  const bool html = type.find("html") != type.npos;
  const bool xml = !html && type.find("xml") != type.npos;
  const bool from_proxy = response.status >= 500;  // which cannot reach the service
  if (from_proxy || (!xml && !html)) return;
  throw Error(ErrorKind::InvalidInput,
              fmt::format("{} is the address of {}, not of the service: set ML_ENV to the address "
                          "that `trainyard serve` prints after \"api\"",
                          url, xml ? "an object store" : "a web server"));
}

[[noreturn]] void refuse(const http::ClientResponse& response, const std::string& url) {
  check_is_ours(response, url);
  const auto sentence = wire::decode_error(response.body).errors.front().message;
  throw Error(kind_of(response.status),
              sentence.empty() ? fmt::format("the service answered {} {}", response.status,
                                             http::reason_phrase(response.status))
                               : sentence);
}

[[noreturn]] void refuse_certificate(const Error& error) {
  throw Error(ErrorKind::Corrupt,
              fmt::format("{}. ML_ENV must have a host that the service's certificate is for; name "
                          "the file of an authority that the system lacks in TRAINYARD_CA_FILE",
                          error.what()));
}

bool succeeded(const http::ClientResponse& response) {
  return response.status >= 200 && response.status < 300;
}

std::string run_path(const std::string& id) { return "/v3/models/" + percent_encode(id); }

}  // namespace

ApiClient::ApiClient(http::Client& http, Clock& clock, Endpoint endpoint, std::stop_token stop)
    : http_(http), clock_(clock), endpoint_(std::move(endpoint)), stop_(std::move(stop)) {}

http::ClientRequest ApiClient::make(std::string method, const std::string& url) const {
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = own_url(url);
  request.headers.add("Accept", "application/json");
  if (!endpoint_.instance_id.empty()) request.headers.add("ML-Instance-ID", endpoint_.instance_id);
  request.max_body = kMaxAnswer;
  request.stop = stop_;
  return request;
}

// The path of an absolute URL, at the address by which the service was reached: the token goes
// nowhere else, and a proxy's address stays.
std::string ApiClient::own_url(const std::string& url) const {
  const auto authority = url.find("://");
  if (authority == url.npos) return endpoint_.url + url;
  if (url.starts_with(endpoint_.url + "/")) return url;
  const auto path = url.find('/', authority + 3);
  return endpoint_.url + (path == url.npos ? "/" : url.substr(path));
}

http::ClientResponse ApiClient::send(http::ClientRequest& request) {
  try {
    request.compressed = !http::is_of_loopback(request.url);
    return http_.send(request);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Corrupt) refuse_certificate(e);
    if (e.kind() != ErrorKind::Unavailable) throw;
    throw Error(ErrorKind::Unavailable,
                fmt::format("the service at {} does not answer; start it with `trainyard serve` "
                            "({})",
                            endpoint_.url, e.what()));
  }
}

http::ClientResponse ApiClient::call(http::ClientRequest request) {
  const bool fresh = token_.empty();
  request.headers.set("Authorization", "Bearer " + token().reveal());
  auto response = send(request);
  if (response.status == kUnauthorized && !fresh) {
    token_ = Secret();
    request.headers.set("Authorization", "Bearer " + token().reveal());
    if (request.body != nullptr) request.body->rewind();
    response = send(request);
  }
  if (!succeeded(response)) refuse(response, endpoint_.url);
  return response;
}

const Secret& ApiClient::token() {
  if (!token_.empty()) return token_;
  auto request = make("GET", "/v3/identity/token");
  const auto credentials = endpoint_.user + ":" + endpoint_.password.reveal();
  request.headers.add("Authorization", "Basic " + base64_encode(credentials));
  const auto response = send(request);
  check_is_ours(response, endpoint_.url);
  if (response.status == kUnauthorized) {
    throw Error(ErrorKind::Unauthenticated,
                fmt::format("the service at {} does not know the user {} with this password; "
                            "check ML_USERNAME and ML_PASSWORD",
                            endpoint_.url, printable(endpoint_.user)));
  }
  if (!succeeded(response)) refuse(response, endpoint_.url);
  token_ = wire::decode_token(response.body);
  return token_;
}

std::string ApiClient::send_json(const char* method, const std::string& path,
                                 const std::string& json, const http::Headers& more) {
  const auto body = http::body_of(json);
  auto request = make(method, path);
  request.headers.add("Content-Type", "application/json");
  for (const auto& [name, value] : more.items()) request.headers.add(name, value);
  request.body = body.get();
  return call(std::move(request)).body;
}

std::string ApiClient::define(const model::Manifest& manifest, const std::filesystem::path& zip,
                              FileSource::Progress on_upload) {
  wire::DefinitionRequest wanted;
  wanted.name = manifest.name;
  wanted.description = manifest.description;
  wanted.framework = manifest.framework;
  wanted.command = manifest.command;
  wanted.extra_json = wire::kForOneRun;
  const auto definition = wire::decode_definition(
      send_json("POST", "/v3/ml_assets/training_definitions", wire::encode(wanted)));

  upload(definition.content_url, zip, std::move(on_upload));
  return definition.url;
}

void ApiClient::upload(const std::string& content_url, const std::filesystem::path& file,
                       FileSource::Progress on_upload) {
  FileSource content(file, std::move(on_upload));
  auto request = make("PUT", content_url);
  request.headers.add("Content-Type", "application/octet-stream");
  request.body = &content;
  call(std::move(request));
}

std::string ApiClient::start(const std::string& path, const std::string& json) {
  const http::Headers key{{"Idempotency-Key", random_uuid()}};
  for (int attempt = 1;; ++attempt) {
    const TimePoint asked = clock_.now();
    try {
      return send_json("POST", path, json, key);
    } catch (const Error& e) {
      const bool long_ago = clock_.now() - asked > kLongStart;
      if (!e.retryable() || long_ago || attempt == kStartAttempts) throw;
      if (!clock_.sleep_for(kRetryPause, stop_)) throw;
    }
  }
}

wire::RunView ApiClient::train(const model::Manifest& manifest, const std::filesystem::path& zip,
                               FileSource::Progress on_upload) {
  auto with_definition = manifest;
  with_definition.definition_href = define(manifest, zip, std::move(on_upload));
  return wire::decode_run(start("/v3/models", wire::encode_run_request(with_definition)));
}

void ApiClient::check(const model::Manifest& manifest) {
  send_json("POST", "/v3/models/checks", wire::encode_run_request(manifest));
}

std::string ApiClient::run_json(const std::string& id) { return get(run_path(id)); }

void ApiClient::runs(const std::function<void(wire::RunView)>& each) {
  std::string next = "/v3/models?view=summary&limit=10000";
  while (!next.empty()) {
    auto page = wire::decode_run_list(get(next));
    for (auto& run : page.runs) each(std::move(run));
    next = std::move(page.next_url);
  }
}

void ApiClient::cancel(const std::string& id) {
  send_json("PATCH", run_path(id), wire::encode_cancel());
}

void ApiClient::remove(const std::string& id) { call(make("DELETE", run_path(id))); }

std::string ApiClient::call_json(const char* method, const std::string& path,
                                 const std::string& json) {
  return json.empty() ? call(make(method, path)).body : send_json(method, path, json);
}

std::string ApiClient::frameworks_json() { return get("/v3/models/frameworks"); }

std::vector<wire::FrameworkView> ApiClient::frameworks() {
  return wire::decode_frameworks(frameworks_json());
}

std::string ApiClient::status_json() { return get("/v3/status"); }

void ApiClient::log(const std::string& id, const LogRequest& wanted,
                    const std::function<void(std::string_view)>& sink) {
  LogPosition position{wanted.offset, false};
  while (true) {
    try {
      return read_log(id, wanted, position, sink);
    } catch (const Error& e) {
      // The service restarts, say: it is asked for what was not shown yet.
      if (!wanted.follow || !e.retryable() || !position.known) throw;
      if (!clock_.sleep_for(kRetryPause, stop_)) throw Error(ErrorKind::Canceled, "interrupted");
    }
  }
}

void ApiClient::read_log(const std::string& id, const LogRequest& wanted, LogPosition& position,
                         const std::function<void(std::string_view)>& sink) {
  const bool from_the_end = wanted.last_lines && !position.known;
  auto request =
      make("GET", fmt::format("{}/logs/{}?{}={}{}", run_path(id), percent_encode(wanted.file),
                              from_the_end ? "last" : "offset",
                              from_the_end ? *wanted.last_lines : position.offset,
                              wanted.follow ? "&follow=true" : ""));
  if (wanted.follow) request.stall_timeout = kFollowStall;
  request.on_headers = [&](int status, const http::Headers& headers) {
    if (status != 200) return;
    position.offset = parse_u64(headers.get("X-Log-Offset").value_or("")).value_or(position.offset);
    position.known = true;
  };
  request.sink = [&](std::string_view bytes) {
    position.offset += bytes.size();
    sink(bytes);
  };
  call(std::move(request));
}

}  // namespace trainyard::client
