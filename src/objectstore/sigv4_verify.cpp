#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/sigv4.hpp"

namespace trainyard::objectstore::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kMaxSignedHeaders = 200;

std::optional<std::string> header(const http::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers.items()) {
    if (iequals(key, name)) return std::string(trim(value));
  }
  return std::nullopt;
}

// The decoded value of the first query parameter of that name.
std::optional<std::string> parameter(std::string_view raw_query, std::string_view name) {
  for (const std::string& part : split(raw_query, '&')) {
    const std::string_view text(part);
    if (!text.starts_with(name) || text.substr(name.size()).substr(0, 1) != "=") continue;
    return percent_decode(text.substr(name.size() + 1), Plus::Space);
  }
  return std::nullopt;
}

// "20130524T000000Z"
std::optional<TimePoint> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return parse_time(fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2),
                                text.substr(6, 2), text.substr(9, 2), text.substr(11, 2),
                                text.substr(13, 2)));
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Fills a Presented from texts that stand in a header or in a query. Throws `malformed`.
class Reader {
 public:
  explicit Reader(Refusal malformed) : malformed_(malformed) {}

  [[noreturn]] void refuse(const std::string& message) const { throw Refused(malformed_, message); }

  // "AKIA/20130524/us-east-1/s3/aws4_request"; an access key may hold slashes.
  void credential(Presented& out, std::string_view text) const {
    std::vector<std::string> parts = split(text, '/');
    const std::size_t n = parts.size();
    if (n < 5 || parts[n - 1] != "aws4_request" || parts[n - 2] != "s3") {
      refuse("the credential must be <access key>/<yyyymmdd>/<region>/s3/aws4_request");
    }
    out.date = parts[n - 4];
    out.scope = {parts[n - 3], parts[n - 2]};
    parts.resize(n - 4);
    out.access_key = join(parts, "/");
    if (out.access_key.empty() || out.date.size() != 8) {
      refuse("the credential lacks an access key or a date");
    }
  }

  void signed_headers(Presented& out, std::string_view text) const {
    out.signed_headers = split(text, ';');
    if (text.empty() || out.signed_headers.size() > kMaxSignedHeaders) {
      refuse("the list of signed headers is empty or too long");
    }
    for (std::string& name : out.signed_headers) name = to_lower(name);
  }

  void signature(Presented& out, std::string_view text) const {
    if (text.size() != 64 || !is_lower_hex(text)) refuse("the signature must be 64 hex digits");
    out.signature = text;
  }

  void date(Presented& out, const std::optional<std::string>& text) const {
    const auto time = text ? parse_amz_date(*text) : std::nullopt;
    if (!time) refuse("X-Amz-Date must be there and look like 20130524T000000Z");
    out.time = *time;
    out.amz_date = *text;
    if (out.amz_date.substr(0, 8) != out.date) {
      refuse("the date of the credential is not that of X-Amz-Date");
    }
  }

 private:
  Refusal malformed_;
};

Presented parse_header(const Message& message, std::string_view text) {
  const std::string_view mechanism = text.substr(0, text.find(' '));
  if (mechanism != kAlgorithm) {
    throw Refused(Refusal::OtherMechanism,
                  "only AWS Signature Version 4 (AWS4-HMAC-SHA256) is taken here");
  }
  const Reader reader(Refusal::MalformedHeader);
  Presented out;
  bool credential = false, headers = false, signature = false;
  for (const std::string& part : split(text.substr(mechanism.size()), ',')) {
    const std::string_view field = trim(part);
    const std::size_t equals = field.find('=');
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : field.substr(equals + 1);
    if (name == "Credential" && !std::exchange(credential, true)) {
      reader.credential(out, value);
    } else if (name == "SignedHeaders" && !std::exchange(headers, true)) {
      reader.signed_headers(out, value);
    } else if (name == "Signature" && !std::exchange(signature, true)) {
      reader.signature(out, value);
    } else {
      reader.refuse("the Authorization header has an unknown or repeated field");
    }
  }
  if (!credential || !headers || !signature) {
    reader.refuse("the Authorization header needs Credential, SignedHeaders and Signature");
  }
  reader.date(out, header(message.headers, "x-amz-date"));
  const auto payload = header(message.headers, "x-amz-content-sha256");
  if (!payload) {
    throw Refused(Refusal::MissingPayloadHash,
                  "Missing required header for this request: x-amz-content-sha256");
  }
  out.payload_hash = *payload;
  return out;
}

Presented parse_query(const Message& message) {
  const Reader reader(Refusal::MalformedQuery);
  const auto need = [&](std::string_view name) {
    auto value = parameter(message.raw_query, name);
    if (!value) reader.refuse(fmt::format("the query parameter {} is missing", name));
    return *value;
  };
  if (need("X-Amz-Algorithm") != kAlgorithm) {
    reader.refuse("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  }
  Presented out;
  reader.credential(out, need("X-Amz-Credential"));
  reader.signed_headers(out, need("X-Amz-SignedHeaders"));
  reader.signature(out, need("X-Amz-Signature"));
  reader.date(out, need("X-Amz-Date"));
  const auto life = parse_u64(need("X-Amz-Expires"));
  if (!life || *life > std::uint64_t(std::chrono::seconds(kMaxPresignLife).count())) {
    reader.refuse("X-Amz-Expires must be a number of seconds, a week at most");
  }
  out.life = std::chrono::seconds(*life);
  // A payload hash binds when it is itself bound by the signature.
  auto payload = parameter(message.raw_query, "X-Amz-Content-Sha256");
  const auto& names = out.signed_headers;
  if (!payload && std::find(names.begin(), names.end(), "x-amz-content-sha256") != names.end()) {
    payload = header(message.headers, "x-amz-content-sha256");
  }
  out.payload_hash = payload.value_or(std::string(kUnsignedPayload));
  return out;
}

void check_coverage(const Presented& presented, const http::Headers& headers) {
  const auto covered = [&](std::string_view name) {
    const auto& names = presented.signed_headers;
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!covered("host")) {
    throw Refused(Refusal::HeadersNotSigned, "the signature must cover the Host header");
  }
  for (const auto& [name, value] : headers.items()) {
    const std::string lower = to_lower(name);
    if (!lower.starts_with("x-amz-") || covered(lower)) continue;
    // Under a presigned URL some clients still name the payload; it is then not relied upon.
    if (presented.life && lower == "x-amz-content-sha256") continue;
    throw Refused(
        Refusal::HeadersNotSigned,
        "There were headers present in the request which were not signed: " + printable(lower));
  }
}

void check_time(const Presented& presented, TimePoint now) {
  if (!presented.life) {
    if (presented.time < now - kMaxClockSkew || presented.time > now + kMaxClockSkew) {
      throw Refused(Refusal::ClockSkew,
                    "The difference between the request time and the current time is too large.");
    }
    return;
  }
  if (presented.time > now + kMaxClockSkew) {
    throw Refused(Refusal::NotYetValid, "Request is not valid yet");
  }
  if (now > presented.time + *presented.life) {
    throw Refused(Refusal::Expired, "Request has expired");
  }
}

}  // namespace

Presented parse(const Message& message) {
  if (const auto authorization = header(message.headers, "authorization")) {
    return parse_header(message, *authorization);
  }
  if (parameter(message.raw_query, "X-Amz-Algorithm") ||
      parameter(message.raw_query, "X-Amz-Signature")) {
    return parse_query(message);
  }
  if (parameter(message.raw_query, "Signature")) {
    throw Refused(Refusal::OtherMechanism,
                  "only AWS Signature Version 4 (AWS4-HMAC-SHA256) is taken here");
  }
  throw Refused(Refusal::Anonymous, "Access Denied");
}

void verify(const Presented& presented, const Message& message, const Secret& secret_key,
            TimePoint now) {
  check_coverage(presented, message.headers);
  check_time(presented, now);
  if (!constant_time_equal(signature_of(presented, message, secret_key), presented.signature)) {
    throw Refused(Refusal::Mismatch,
                  "The request signature we calculated does not match the signature you provided. "
                  "Check your key and signing method.");
  }
}

}  // namespace trainyard::objectstore::sigv4
