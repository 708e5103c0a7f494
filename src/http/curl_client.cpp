#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/strings.hpp"
#include "http/client.hpp"
#include "http/curl_pool.hpp"
#include "http/curl_transfer.hpp"
#include "http/url.hpp"

namespace trainyard::http {

namespace {

constexpr long kBufferSize = 128 * 1024;

using CurlList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void refuse_line_breaks(std::string_view what, std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) return;
  throw Error(ErrorKind::InvalidInput,
              fmt::format("the {} '{}' contains a line break", what, printable(text)));
}

void append(CurlList& list, const std::string& line) {
  curl_slist* grown = curl_slist_append(list.get(), line.c_str());
  if (grown == nullptr) throw Error(ErrorKind::Exhausted, "out of memory for request headers");
  (void)list.release();  // the grown list holds it
  list.reset(grown);
}

// libcurl's own additions are switched off by naming them without a value.
CurlList header_list(const ClientRequest& request) {
  CurlList list(nullptr, &curl_slist_free_all);
  for (const char* unwanted : {"Expect", "Accept", "Content-Type", "Transfer-Encoding"}) {
    if (!request.headers.get(unwanted)) append(list, fmt::format("{}:", unwanted));
  }
  for (const auto& [name, value] : request.headers.items()) {
    refuse_line_breaks("header name", name);
    if (iequals(name, "Content-Length")) continue;  // follows from the body
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw Error(ErrorKind::InvalidInput,
                  fmt::format("the value of the header '{}' contains a line break", name));
    }
    append(list, value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value));
  }
  return list;
}

bool sends_body(const ClientRequest& request) {
  return request.body != nullptr || request.method == "PUT" || request.method == "POST" ||
         request.method == "PATCH";
}

void set_method(CURL* easy, const ClientRequest& request) {
  refuse_line_breaks("method", request.method);
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (sends_body(request)) {
    const std::uint64_t size = request.body != nullptr ? request.body->size() : 0;
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_limits(CURL* easy, const ClientRequest& request) {
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  if (request.total_timeout) {
    const auto total = std::max<std::chrono::milliseconds::rep>(1, request.total_timeout->count());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(total));
  }
}

void set_connection(CURL* easy, CURLSH* share, const ClientOptions& options, const Url& url) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop waits for no name server
  curl_easy_setopt(easy, CURLOPT_SHARE, share);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBufferSize);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBufferSize);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  }
  if (is_loopback(url.host)) curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorKind::Timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return ErrorKind::Corrupt;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorKind::InvalidInput;
    case CURLE_OUT_OF_MEMORY:
      return ErrorKind::Exhausted;
    default:
      return ErrorKind::Unavailable;
  }
}

class CurlClient final : public Client {
 public:
  explicit CurlClient(ClientOptions options)
      : options_(std::move(options)), pool_(options_.max_idle) {}

  ClientResponse send(const ClientRequest& request) override {
    const Url url = parse_url(request.url);
    try {
      return send_to(url, request);
    } catch (Error& error) {
      // The query stays out of messages: presigned URLs carry their signature in it.
      error.add_context(fmt::format("{} {}://{}{}", request.method, url.scheme, url.authority(),
                                    url.target.substr(0, url.target.find('?'))));
      throw;
    }
  }

 private:
  ClientResponse send_to(const Url& url, const ClientRequest& request) {
    if (request.stop.stop_requested()) throw Error(ErrorKind::Canceled, "the request was stopped");
    auto slot = pool_.take(fmt::format("{}://{}", url.scheme, url.authority()));
    CURL* easy = slot->easy();
    char message[CURL_ERROR_SIZE] = {};
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    const CurlList headers = header_list(request);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    set_method(easy, request);
    set_limits(easy, request);
    if (request.fresh_connection) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (request.compressed) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    set_connection(easy, pool_.share(), options_, url);
    if (request.body != nullptr) request.body->rewind();

    CurlTransfer transfer(*slot, request);
    const CURLcode code = transfer.run();
    if (code != CURLE_OK) {
      std::string text = message[0] != 0 ? message : curl_easy_strerror(code);
      if (kind_of(code) == ErrorKind::Corrupt) {
        text += fmt::format(" ({})", who_is_trusted(options_.ca_file));
      }
      throw Error(kind_of(code), text);
    }
    pool_.give_back(std::move(slot));
    return transfer.take_response();
  }

  ClientOptions options_;
  CurlPool pool_;
};

class StringBody final : public BodySource {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void rewind() override { position_ = 0; }
  std::size_t read(char* into, std::size_t max) override {
    const std::size_t count = std::min(max, bytes_.size() - position_);
    std::memcpy(into, bytes_.data() + position_, count);
    position_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

}  // namespace

std::unique_ptr<BodySource> body_of(std::string bytes) {
  return std::make_unique<StringBody>(std::move(bytes));
}

bool is_of_loopback(const std::string& url) { return is_loopback(parse_url(url).host); }

std::string who_is_trusted(const std::string& ca_file) {
  return ca_file.empty() ? "trusted are the system's authorities"
                         : "trusted are the system's authorities and those of " + ca_file;
}

std::unique_ptr<Client> make_client(ClientOptions options) {
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace trainyard::http
