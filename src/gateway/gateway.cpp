#include "gateway/gateway.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "gateway/call.hpp"
#include "gateway/routes.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

// A body may be as long as the largest PUT and what chunk signatures add to it.
constexpr std::uint64_t kMaxBody = std::uint64_t(6) << 30;

class EmbeddedGateway final : public Gateway {
 public:
  EmbeddedGateway(GatewayOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock), store_(options_.directory) {
    http::ServerOptions http;
    http.host = options_.host;
    http.port = options_.port;
    http.worker_threads = options_.worker_threads;
    http.max_body_bytes = kMaxBody;
    http.server_name = "trainyard-store";
    http.certificate_file = options_.certificate_file;
    http.key_file = options_.key_file;
    server_ = http::serve(
        http, [this](http::Request& request) { return handle(request); }, error_response);
  }

  std::uint16_t port() const override { return server_->port(); }
  std::string endpoint() const override {
    const bool v6 = options_.host.find(':') != std::string::npos;
    const std::string host = v6 ? '[' + options_.host + ']' : options_.host;
    const char* scheme = options_.certificate_file.empty() ? "http" : "https";
    return fmt::format("{}://{}:{}", scheme, host, port());
  }

  bool create_bucket(const std::string& name) override {
    if (!valid_bucket_name(name)) {
      throw Error(ErrorKind::InvalidInput,
                  fmt::format("'{}' cannot be a bucket: 3 to 63 of a-z, 0-9, '-' and '.', with a "
                              "letter or digit at both ends",
                              printable(name)));
    }
    bool created = false;
    store_.index.write([&](db::Connection& db) {
      if (find_bucket(db, name)) return;
      insert_bucket(db, name, clock_.now());
      created = true;
    });
    return created;
  }

  Usage usage() override {
    const Totals sum = store_.index.read([](db::Connection& db) { return totals(db); });
    return {sum.buckets, sum.objects, sum.bytes};
  }

  void stop() override { server_->stop(); }

 private:
  http::Answer handle(http::Request& request) {
    const TimePoint now = clock_.now();
    Caller caller = authenticate(request, options_.credentials, now);
    Call call{store_, options_.region, request, std::move(caller), parse_resource(request.raw_path),
              now};
    http::Response response = route(request, call.resource)(call);
    log::debug("store: {} {} {}", request.method, printable(request.raw_path), response.status);
    return response;
  }

  GatewayOptions options_;
  const Clock& clock_;
  Store store_;
  std::unique_ptr<http::Server> server_;  // ends before what it uses
};

}  // namespace

std::unique_ptr<Gateway> open_gateway(GatewayOptions options, const Clock& clock) {
  return std::make_unique<EmbeddedGateway>(std::move(options), clock);
}

}  // namespace trainyard::gateway
