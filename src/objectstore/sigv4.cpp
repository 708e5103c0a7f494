#include "objectstore/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

using Pair = std::pair<std::string, std::string>;

// Blanks at the ends go, runs of blanks inside become one.
void append_folded(std::string& out, std::string_view value) {
  value = trim(value);
  bool blank = false;
  for (char c : value) {
    if (c == ' ' && blank) continue;
    blank = c == ' ';
    out += c;
  }
}

std::string canonical_path(std::string_view raw_path) {
  return percent_encode(percent_decode(raw_path).value_or(std::string(raw_path)), Slash::Keep);
}

std::string reencode(std::string_view text) {
  return percent_encode(percent_decode(text, Plus::Space).value_or(std::string(text)));
}

std::string canonical_query(std::string_view raw_query) {
  std::vector<Pair> pairs;
  for (const std::string& part : split(raw_query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    std::string_view name(part), value;
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    if (name == "X-Amz-Signature") continue;
    pairs.emplace_back(reencode(name), reencode(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name + '=' + value;
  }
  return out;
}

std::string canonical_header(const http::Headers& headers, std::string_view name) {
  std::string line = std::string(name) + ':';
  bool first = true;
  for (const auto& [key, value] : headers.items()) {
    if (!iequals(key, name)) continue;
    if (!first) line += ',';
    first = false;
    append_folded(line, value);
  }
  return line + '\n';
}

std::string scope_text(std::string_view date, const Scope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
}

Secret make_signing_key(const Secret& secret_key, std::string_view date, const Scope& scope) {
  const Secret seed("AWS4" + secret_key.reveal());
  const Secret day(hmac_sha256(seed.reveal(), date));
  const Secret region(hmac_sha256(day.reveal(), scope.region));
  const Secret service(hmac_sha256(region.reveal(), scope.service));
  return Secret(hmac_sha256(service.reveal(), "aws4_request"));
}

// A thread mostly asks for the key that it asked for last, all day long.
const Secret& signing_key(const Secret& secret_key, std::string_view date, const Scope& scope) {
  struct Made {
    Secret secret_key;
    std::string date;
    Scope scope;
    Secret key;
  };
  thread_local std::optional<Made> last;
  const bool same =
      last && last->date == date && last->scope == scope && last->secret_key == secret_key;
  if (!same) {
    last = Made{secret_key, std::string(date), scope, make_signing_key(secret_key, date, scope)};
  }
  return last->key;
}

std::string amz_date_of(TimePoint time) {  // "20130524T000000Z"
  std::string text = format_seconds(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::vector<std::string> names_of(const http::Headers& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers.items()) names.push_back(to_lower(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (!std::binary_search(names.begin(), names.end(), "host")) {
    throw Error(ErrorKind::InvalidInput, "a request to be signed needs its Host header");
  }
  return names;
}

Presented present(const Credentials& credentials, const Scope& scope, TimePoint now,
                  std::vector<std::string> signed_headers) {
  Presented out;
  out.access_key = credentials.access_key;
  out.scope = scope;
  out.time = now;
  out.amz_date = amz_date_of(now);
  out.date = out.amz_date.substr(0, 8);
  out.signed_headers = std::move(signed_headers);
  return out;
}

std::string credential(const Presented& presented) {
  return presented.access_key + '/' + scope_text(presented.date, presented.scope);
}

}  // namespace

std::string canonical_request(const Message& message,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash) {
  std::string out = fmt::format("{}\n{}\n{}\n", message.method, canonical_path(message.raw_path),
                                canonical_query(message.raw_query));
  for (const std::string& name : signed_headers) out += canonical_header(message.headers, name);
  return out + '\n' + join(signed_headers, ";") + '\n' + std::string(payload_hash);
}

std::string string_to_sign(const Presented& presented, std::string_view canonical_request) {
  return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, presented.amz_date,
                     scope_text(presented.date, presented.scope),
                     to_hex(digest(Digest::Sha256, canonical_request)));
}

std::string signature_of(const Presented& presented, const Message& message,
                         const Secret& secret_key) {
  const std::string canonical =
      canonical_request(message, presented.signed_headers, presented.payload_hash);
  const Secret& key = signing_key(secret_key, presented.date, presented.scope);
  return to_hex(hmac_sha256(key.reveal(), string_to_sign(presented, canonical)));
}

Signature sign(const Message& message, std::string_view payload_hash,
               const Credentials& credentials, const Scope& scope, TimePoint now) {
  Signature out;
  out.headers.add("X-Amz-Date", amz_date_of(now));
  if (scope.service == "s3") out.headers.add("X-Amz-Content-Sha256", std::string(payload_hash));
  http::Headers all = message.headers;
  for (const auto& [name, value] : out.headers.items()) all.set(name, value);

  Presented presented = present(credentials, scope, now, names_of(all));
  presented.payload_hash = payload_hash;
  out.value = signature_of(presented, {message.method, message.raw_path, message.raw_query, all},
                           credentials.secret_key);
  out.headers.add("Authorization", fmt::format("{} Credential={}, SignedHeaders={}, Signature={}",
                                               kAlgorithm, credential(presented),
                                               join(presented.signed_headers, ";"), out.value));
  return out;
}

std::string presign(const Message& message, const Credentials& credentials, const Scope& scope,
                    TimePoint now, std::chrono::seconds life) {
  if (life < std::chrono::seconds(1) || life > kMaxPresignLife) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("a presigned URL lives 1 second to 7 days, not {} s", life.count()));
  }
  Presented presented = present(credentials, scope, now, names_of(message.headers));
  presented.payload_hash = kUnsignedPayload;
  std::string query(message.raw_query);
  if (!query.empty()) query += '&';
  query += fmt::format(
      "X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}"
      "&X-Amz-SignedHeaders={}",
      kAlgorithm, percent_encode(credential(presented)), presented.amz_date, life.count(),
      percent_encode(join(presented.signed_headers, ";")));
  const std::string signature =
      signature_of(presented, {message.method, message.raw_path, query, message.headers},
                   credentials.secret_key);
  return query + "&X-Amz-Signature=" + signature;
}

ChunkSigner::ChunkSigner(const Secret& secret_key, const Scope& scope, std::string amz_date,
                         std::string seed)
    : key_(signing_key(secret_key, std::string_view(amz_date).substr(0, 8), scope)),
      scope_(scope_text(std::string_view(amz_date).substr(0, 8), scope)),
      amz_date_(std::move(amz_date)),
      previous_(std::move(seed)) {}

std::string ChunkSigner::next(std::string_view chunk_sha256) {
  return sign("AWS4-HMAC-SHA256-PAYLOAD", fmt::format("{}\n{}", kEmptyPayload, chunk_sha256));
}

std::string ChunkSigner::trailer(std::string_view canonical) {
  return sign("AWS4-HMAC-SHA256-TRAILER", to_hex(digest(Digest::Sha256, canonical)));
}

std::string ChunkSigner::sign(std::string_view algorithm, std::string_view tail) {
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}\n{}", algorithm, amz_date_, scope_, previous_, tail);
  previous_ = to_hex(hmac_sha256(key_.reveal(), text));
  return previous_;
}

}  // namespace trainyard::objectstore::sigv4
