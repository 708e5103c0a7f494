#include "objectstore/s3_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/sigv4.hpp"

namespace trainyard::objectstore::s3 {
namespace {

std::string encode_query(std::vector<std::pair<std::string, std::string>> query) {
  std::sort(query.begin(), query.end());
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += percent_encode(name) + "=" + percent_encode(value);
  }
  return text;
}

bool asks_for_region(const std::string& code) {
  return code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" ||
         code == "TemporaryRedirect" || code == "IllegalLocationConstraintException";
}

// Region names go into a host name and a header.
bool plausible_region(const std::string& region) {
  return !region.empty() && region.size() <= 64 &&
         std::all_of(region.begin(), region.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

Client::Client(S3Options options, std::shared_ptr<http::Client> http, Clock& clock)
    : options_(std::move(options)),
      http_(std::move(http)),
      clock_(clock),
      description_("s3://" + options_.bucket + " at " + options_.endpoint.url()),
      region_(options_.region) {}

Client::Target Client::target(const std::optional<std::string>& key,
                              const std::string& region) const {
  const Endpoint& endpoint = options_.endpoint;
  std::string authority = endpoint.authority();
  const KnownHost known = known_host(endpoint.host);
  // AWS serves a bucket at its own region's host only.
  if (known.aws && region != options_.region) {
    authority = "s3." + region + "." + known.service_domain;
  }
  std::string path = endpoint.path;
  if (options_.addressing == Addressing::VirtualHost) {
    authority = options_.bucket + "." + authority;
  } else {
    path += "/" + percent_encode(options_.bucket);
  }
  if (key) path += "/" + percent_encode(*key, Slash::Keep);
  return {std::move(authority), path.empty() ? "/" : std::move(path)};
}

http::Headers Client::signed_headers(const Request& request, const Target& target,
                                     const std::string& raw_query,
                                     const std::string& region) const {
  http::Headers headers = request.headers;
  headers.set("Host", target.authority);
  if (options_.access_key_id.empty()) return headers;
  const std::string payload_hash =
      !request.payload_hash.empty()
          ? request.payload_hash
          : std::string(request.body == nullptr ? sigv4::kEmptyPayload : sigv4::kUnsignedPayload);
  const TimePoint now = clock_.now() + Milliseconds(clock_offset_ms_.load());
  const auto signature =
      sigv4::sign({request.method, target.path, raw_query, headers}, payload_hash,
                  {options_.access_key_id, options_.secret_access_key}, {region, "s3"}, now);
  for (const auto& [name, value] : signature.headers.items()) headers.set(name, value);
  return headers;
}

http::ClientResponse Client::send_once(const Request& request, const std::string& region) {
  const Target where = target(request.key, region);
  const std::string raw_query = encode_query(request.query);
  http::ClientRequest out;
  out.method = request.method;
  out.url = options_.endpoint.scheme + "://" + where.authority + where.path +
            (raw_query.empty() ? "" : "?" + raw_query);
  out.headers = signed_headers(request, where, raw_query, region);
  out.body = request.body;
  out.sink = request.sink;
  if (request.on_headers) {
    out.on_headers = [&](int status, const http::Headers& headers) {
      if (status / 100 == 2) request.on_headers(status, headers);
    };
  }
  out.fresh_connection = request.fresh_connection;
  out.max_body = kMaxXml;
  out.connect_timeout = options_.connect_timeout;
  out.stall_timeout = options_.stall_timeout;
  out.total_timeout = request.total_timeout;
  out.stop = request.stop;
  if (request.body != nullptr) request.body->rewind();
  return send_to(*http_, std::move(out), "endpoint_url");
}

http::ClientResponse Client::send(Request& request) {
  for (std::set<Lesson> learned;;) {
    const std::string region = *region_.lock();
    http::ClientResponse response = send_once(request, region);
    if (response.status / 100 == 2) {
      if (!request.success_may_hold_error || !parse_error(response.body)) return response;
      response.status = 500;
    }
    if (response.status == 404 && request.not_found_is_answer) return response;
    const Refusal refusal = read_refusal(response);
    const Lesson lesson = learn(refusal, response.headers, region);
    if (lesson != Lesson::None && learned.insert(lesson).second) continue;
    throw to_error(refusal, {request.action, options_.bucket, options_.endpoint.url(),
                             options_.access_key_id, region, !request.key});
  }
}

Client::Lesson Client::learn(const Refusal& refusal, const http::Headers& headers,
                             const std::string& used_region) {
  if (refusal.body.code == "RequestTimeTooSkewed") {
    const auto theirs = parse_http_date(headers.get("Date").value_or(""));
    if (!theirs) return Lesson::None;
    const Milliseconds offset = *theirs - clock_.now();
    clock_offset_ms_ = offset.count();
    log::warn("the clock of this machine differs by {} from that of {}; set it",
              format_duration(std::chrono::abs(offset)), options_.endpoint.url());
    return Lesson::Clock;
  }
  // A HEAD answer has no body: only its status and the region's header speak.
  const bool names_region = asks_for_region(refusal.body.code) || refusal.status == 400;
  if (!names_region || !plausible_region(refusal.body.region)) return Lesson::None;
  if (refusal.body.region == used_region) return Lesson::None;
  *region_.lock() = refusal.body.region;
  return Lesson::Region;
}

}  // namespace trainyard::objectstore::s3
