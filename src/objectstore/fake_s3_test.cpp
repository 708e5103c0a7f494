#include "objectstore/fake_s3.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/sigv4.hpp"

namespace trainyard::objectstore {

// The MD5 of no bytes.
constexpr const char* kEtagOfNothing = "d41d8cd98f00b204e9800998ecf8427e";
constexpr const char* kFakeKey = "AKIAIOSFODNN7";
constexpr const char* kFakeSecret = "wJalrXUtnFEMI";

struct FakeS3::Target {
  std::string host, raw_path, raw_query, bucket, key;
  http::Query query;

  explicit Target(const std::string& url) {
    const std::string rest = url.substr(url.find("://") + 3);
    const std::size_t slash = rest.find('/');
    host = rest.substr(0, slash);
    raw_path = rest.substr(slash);
    if (const std::size_t mark = raw_path.find('?'); mark != raw_path.npos) {
      raw_query = raw_path.substr(mark + 1);
      raw_path.resize(mark);
    }
    query = http::Query::parse(raw_query);
    std::string path = *percent_decode(raw_path);
    if (host.find(".s3.") != host.npos) {
      bucket = host.substr(0, host.find('.'));
      key = path.substr(1);
    } else {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      bucket = path.substr(1, end - 1);
      key = end < path.size() ? path.substr(end + 1) : "";
    }
  }
};

struct FakeS3::Answer {
  int status = 200;
  std::string body = {};
  http::Headers headers = {};

  static Answer error(int status, std::string_view code, std::string_view more = {}) {
    return {status,
            fmt::format("<Error><Code>{}</Code><Message>no</Message>{}</Error>", code, more),
            {{"Content-Type", "application/xml"}}};
  }
};

namespace {

std::string md5_hex(std::string_view bytes) { return to_hex(digest(Digest::Md5, bytes)); }

std::string body_text(const http::ClientRequest& request) {
  if (request.body == nullptr) return {};
  std::string bytes(request.body->size(), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t got = request.body->read(bytes.data() + at, bytes.size() - at);
    if (got == 0) break;
    at += got;
  }
  return bytes;
}

[[noreturn]] void throw_reset() {
  throw Error(ErrorKind::Unavailable, "the connection was reset by the peer");
}

std::string escaped(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    if (c == '&')
      xml += "&amp;";
    else if (c == '<')
      xml += "&lt;";
    else
      xml += c;
  }
  return xml;
}

constexpr const char* kCrc64 = "x-amz-checksum-crc64nvme";

bool speaks_of_checksums(const http::Headers& headers) {
  return headers.get(kCrc64) || headers.get("x-amz-checksum-algorithm");
}

http::Headers metadata_of(const http::Headers& headers) {
  http::Headers metadata;
  for (const auto& [name, value] : headers.items()) {
    if (to_lower(name).starts_with("x-amz-meta-")) metadata.add(name, value);
  }
  return metadata;
}

constexpr const char* kListedChecksum =
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>";

std::string crc64_of(std::string_view bytes) {
  ChecksumState state(ChecksumAlgorithm::Crc64Nvme);
  state.update(bytes);
  return state.finish().value;
}

// "bytes=5-9" or "bytes=5-"
std::pair<std::uint64_t, std::uint64_t> read_range(const std::string& text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  const std::uint64_t first = *parse_u64(text.substr(6, dash - 6));
  const std::uint64_t last = parse_u64(text.substr(dash + 1)).value_or(size - 1);
  return {first, std::min(last, size - 1)};
}

}  // namespace

void FakeS3::put(const std::string& key, std::string bytes, std::string etag) {
  if (etag.empty()) etag = md5_hex(bytes);
  state_.lock()->objects[key] = {std::move(bytes), std::move(etag), {}};
}

FakeS3::Object FakeS3::join(const std::vector<std::string>& parts) {
  Object whole;
  std::string md5s;
  for (const std::string& part : parts) {
    whole.part_sizes.push_back(part.size());
    whole.bytes += part;
    md5s += digest(Digest::Md5, part);
  }
  whole.etag = fmt::format("{}-{}", md5_hex(md5s), parts.size());
  return whole;
}

void FakeS3::put_in_parts(const std::string& key, const std::vector<std::string>& parts) {
  auto state = state_.lock();
  state->objects[key] = join(parts);
}

std::string FakeS3::bytes_of(const std::string& key) {
  return state_.lock()->objects.at(key).bytes;
}
std::size_t FakeS3::open_uploads() { return state_.lock()->uploads.size(); }
void FakeS3::forget_uploads() { state_.lock()->uploads.clear(); }
std::vector<std::string> FakeS3::requests() { return state_.lock()->requests; }
std::vector<std::string> FakeS3::proofs() { return state_.lock()->proofs; }

http::ClientResponse FakeS3::send(const http::ClientRequest& request) {
  if (request.stop.stop_requested()) throw Error(ErrorKind::Canceled, "stopped");
  const Target target(request.url);
  unsigned number = 0;
  state_.with([&](State& state) {
    state.requests.push_back(request.method + " " + target.raw_path +
                             (target.raw_query.empty() ? "" : "?" + target.raw_query));
    number = static_cast<unsigned>(state.requests.size());
  });
  const Fault fault = (script ? script(request, number) : std::nullopt).value_or(Fault{});
  if (fault.reset_before) throw_reset();
  std::string body = body_text(request);
  if (fault.corrupt_upload && !body.empty()) body[body.size() / 2] ^= 1;
  Answer real = fault.status ? Answer{*fault.status, fault.body, fault.headers}
                             : answer(request, target, std::move(body));
  if (fault.reset_after) throw_reset();

  if (fault.corrupt_answer && !real.body.empty()) real.body[real.body.size() / 2] ^= 1;
  http::ClientResponse response;
  response.status = real.status;
  response.headers = real.headers;
  if (options_.request_ids) response.headers.add("x-amz-request-id", "4442587FB7D0A2F9");
  if (!fault.without_length && !response.headers.get("Content-Length")) {
    response.headers.add("Content-Length", std::to_string(real.body.size()));
  }
  if (request.on_headers) request.on_headers(response.status, response.headers);
  if (request.method == "HEAD") return response;
  const std::size_t size = real.body.size() / (fault.without_length ? 2 : 1);
  const std::uint64_t end = std::min<std::uint64_t>(fault.cut_after.value_or(size), size);
  const std::string_view sent = std::string_view(real.body).substr(0, end);
  if (request.sink && response.status / 100 == 2) {
    request.sink(sent.substr(0, sent.size() / 2));
    request.sink(sent.substr(sent.size() / 2));
  } else {
    response.body = sent;
  }
  if (fault.cut_after) throw_reset();
  return response;
}

std::optional<FakeS3::Answer> FakeS3::refuse(const http::ClientRequest& request,
                                             const Target& target) {
  const sigv4::Message message{request.method, target.raw_path, target.raw_query, request.headers};
  try {
    const sigv4::Presented presented = sigv4::parse(message);
    if (presented.access_key != kFakeKey) return Answer::error(403, "InvalidAccessKeyId");
    if (options_.checks_region && presented.scope.region != options_.region) {
      return Answer::error(400, "AuthorizationHeaderMalformed",
                           "<Region>" + options_.region + "</Region>");
    }
    sigv4::verify(presented, message, Secret(kFakeSecret), options_.now);
  } catch (const sigv4::Refused& refused) {
    if (refused.refusal() == sigv4::Refusal::Anonymous) {
      if (options_.is_public) return std::nullopt;
      return Answer::error(403, "AccessDenied");
    }
    if (refused.refusal() != sigv4::Refusal::ClockSkew) {
      return Answer::error(403, "SignatureDoesNotMatch");
    }
    Answer skewed = Answer::error(403, "RequestTimeTooSkewed");
    const std::time_t now =
        std::chrono::duration_cast<std::chrono::seconds>(options_.now.time_since_epoch()).count();
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
    skewed.headers.add("Date", text);
    return skewed;
  }
  return std::nullopt;
}

FakeS3::Answer FakeS3::answer(const http::ClientRequest& request, const Target& target,
                              std::string body) {
  if (auto refusal = refuse(request, target)) return *std::move(refusal);
  if (target.bucket != options_.bucket) return Answer::error(404, "NoSuchBucket");
  if (options_.refuses_checksums && speaks_of_checksums(request.headers)) {
    return Answer::error(400, "InvalidRequest");
  }
  auto state = state_.lock();
  if (target.query.has("uploadId") || target.query.has("uploads")) {
    return upload(*state, request, target, body);
  }
  if (target.key.empty()) return list(*state, target);
  if (request.method == "PUT") return write(*state, request, target, std::move(body));
  if (request.method == "DELETE") {
    state->objects.erase(target.key);
    return {204};
  }
  return read(*state, request, target);
}

FakeS3::Answer FakeS3::list(State& state, const Target& target) {
  const bool version2 = target.query.get("list-type") == "2";
  if (version2 && options_.refuses_version2) return Answer::error(501, "NotImplemented");
  const bool as_version2 = version2 && options_.version2;
  const std::string prefix = target.query.get("prefix").value_or("");
  // The token is opaque: it must come back as it was given.
  const std::string after =
      as_version2 ? *percent_decode(target.query.get("continuation-token").value_or(""))
                  : target.query.get("marker").value_or("");
  const auto encoded = [&](const std::string& key) {
    std::string text;
    for (const char c : key) {
      const bool plus = (c == ' ' && options_.blank_is_plus) || (c == '+' && options_.keeps_plus);
      text += plus ? "+" : percent_encode(std::string(1, c), Slash::Keep);
    }
    return text;
  };
  const bool encode = options_.url_encodes && target.query.get("encoding-type") == "url";
  std::string entries, last;
  std::size_t count = 0;
  bool truncated = false;
  auto next = after.empty() ? state.objects.lower_bound(prefix) : state.objects.upper_bound(after);
  for (; next != state.objects.end() && next->first.starts_with(prefix); ++next, ++count) {
    if ((truncated = count == options_.page)) break;
    last = next->first;
    const bool as_empty = options_.listed_empty.contains(last);
    const std::string etag = as_empty ? kEtagOfNothing : next->second.etag;
    entries += fmt::format(
        "<Contents><Key>{}</Key><ETag>&quot;{}&quot;</ETag><Size>{}</Size>{}</Contents>",
        encode ? encoded(last) : escaped(last), options_.etags ? etag : "",
        as_empty ? 0 : next->second.bytes.size(), options_.checksums ? kListedChecksum : "");
  }
  std::string extra = encode ? "<EncodingType>url</EncodingType>" : "";
  if (as_version2) extra += fmt::format("<KeyCount>{}</KeyCount>", count);
  if (as_version2 && truncated) {
    extra +=
        "<NextContinuationToken>" + percent_encode(last, Slash::Keep) + "</NextContinuationToken>";
  }
  return {200, fmt::format("<ListBucketResult>{}<IsTruncated>{}</IsTruncated>{}</ListBucketResult>",
                           extra, truncated, entries)};
}

FakeS3::Answer FakeS3::read(State& state, const http::ClientRequest& request,
                            const Target& target) {
  const auto found = state.objects.find(target.key);
  if (found == state.objects.end()) return Answer::error(404, "NoSuchKey");
  const Object& object = found->second;
  Answer result{200, object.bytes};
  if (options_.etags) result.headers.add("ETag", "\"" + object.etag + "\"");
  for (const auto& [name, value] : object.metadata.items()) result.headers.add(name, value);
  if (options_.kms) result.headers.add("x-amz-server-side-encryption", "aws:kms");
  const auto if_match = request.headers.get("If-Match");
  if (if_match && *if_match != "\"" + object.etag + "\"") {
    return Answer::error(412, "PreconditionFailed");
  }
  const bool tells = options_.checksums && !options_.only_lists_checksums;
  if (tells && request.headers.get("x-amz-checksum-mode") == "ENABLED") {
    result.headers.add(kCrc64, crc64_of(object.bytes));
    result.headers.add("x-amz-checksum-type", "FULL_OBJECT");
  }
  const auto part = parse_u64(target.query.get("partNumber").value_or(""));
  if (part && options_.tells_parts && !object.part_sizes.empty()) {
    if (*part < 1 || *part > object.part_sizes.size())
      return Answer::error(416, "InvalidPartNumber");
    result.headers.add("x-amz-mp-parts-count", std::to_string(object.part_sizes.size()));
    result.headers.add("Content-Length", std::to_string(object.part_sizes[*part - 1]));
    return result;
  }
  if (const auto range = request.headers.get("Range")) {
    const std::uint64_t size = object.bytes.size();
    const auto [first, end] = read_range(*range, size);
    if (first >= size) return Answer::error(416, "InvalidRange");
    result.status = 206;
    result.body = object.bytes.substr(first, end - first + 1);
    result.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", first, end, size));
  }
  return result;
}

FakeS3::Answer FakeS3::write(State& state, const http::ClientRequest& request, const Target& target,
                             std::string body) {
  const auto md5 = request.headers.get("Content-MD5");
  if (md5 && base64_decode(*md5) != digest(Digest::Md5, body)) {
    return Answer::error(400, "BadDigest");
  }
  const auto crc64 = request.headers.get(kCrc64);
  state.proofs.push_back(md5 && crc64 ? "md5 crc" : md5 ? "md5" : crc64 ? "crc" : "");
  if (options_.checksums && crc64 && *crc64 != crc64_of(body)) {
    return Answer::error(400, "BadDigest");
  }
  Object object{body, options_.kms ? md5_hex("kms" + body) : md5_hex(body), {}};
  Answer result{200, {}, {{"ETag", "\"" + object.etag + "\""}}};
  if (options_.kms) result.headers.add("x-amz-server-side-encryption", "aws:kms");
  if (options_.checksums) result.headers.add(kCrc64, crc64_of(object.bytes));
  if (target.query.has("uploadId")) {
    const auto number = parse_u64(target.query.get("partNumber").value_or(""));
    auto& upload = state.uploads.at(*target.query.get("uploadId"));
    upload.parts[static_cast<unsigned>(*number)] = std::move(object);
  } else {
    state.objects[target.key] = std::move(object);
  }
  return result;
}

FakeS3::Answer FakeS3::upload(State& state, const http::ClientRequest& request,
                              const Target& target, const std::string& body) {
  if (target.query.has("uploads") && request.method == "GET") {
    std::string xml = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>";
    for (const auto& [id, upload] : state.uploads) {
      if (!upload.key.starts_with(*target.query.get("prefix"))) continue;
      xml += "<Upload><Key>" + upload.key + "</Key><UploadId>" + id + "</UploadId></Upload>";
    }
    return {200, xml + "</ListMultipartUploadsResult>"};
  }
  if (target.query.has("uploads")) {
    const std::string id = fmt::format("2~{}/+", state.next_upload++);
    state.uploads[id] = {target.key, {}, {}};
    if (!options_.drops_metadata) state.uploads[id].metadata = metadata_of(request.headers);
    Answer begun{200, "<InitiateMultipartUploadResult><UploadId>" + id +
                          "</UploadId></InitiateMultipartUploadResult>"};
    const auto algorithm = request.headers.get("x-amz-checksum-algorithm");
    if (options_.checksums && algorithm) begun.headers.add("x-amz-checksum-algorithm", *algorithm);
    return begun;
  }
  const auto found = state.uploads.find(*target.query.get("uploadId"));
  if (found == state.uploads.end()) return Answer::error(404, "NoSuchUpload");
  if (request.method == "DELETE") {
    state.uploads.erase(found);
    return {204};
  }
  if (request.method == "PUT") return write(state, request, target, body);
  std::vector<std::string> parts;
  for (auto& [number, part] : found->second.parts) {
    if (body.find(fmt::format("<PartNumber>{}</PartNumber><ETag>&quot;{}&quot;", number,
                              part.etag)) == body.npos) {
      return Answer::error(400, "InvalidPart");
    }
    parts.push_back(part.bytes);
  }
  Object whole = join(parts);
  if (options_.kms) whole.etag = fmt::format("{}-{}", md5_hex("kms" + whole.bytes), parts.size());
  whole.metadata = found->second.metadata;
  const auto expected = request.headers.get(kCrc64);
  if (options_.checksums && expected && *expected != crc64_of(whole.bytes)) {
    return Answer::error(400, "BadDigest");
  }
  state.objects[target.key] = whole;
  state.uploads.erase(found);
  std::string told = "<ETag>" + whole.etag + "</ETag>";
  if (options_.checksums) {
    told += "<ChecksumCRC64NVME>" + crc64_of(whole.bytes) + "</ChecksumCRC64NVME>";
  }
  return {200, "<CompleteMultipartUploadResult>" + told + "</CompleteMultipartUploadResult>"};
}

FakeS3Store::FakeS3Store(FakeS3::Options options, std::string secret)
    : server(std::make_shared<FakeS3>(options)), secret(std::move(secret)), clock(options.now) {}

S3Options FakeS3Store::store_options() const {
  S3Options options = s3_options({"http://store.test:9000", kFakeKey, Secret(secret), ""}, "mnist");
  options.retry = {.attempts = 1};
  return options;
}

std::unique_ptr<ObjectStore> FakeS3Store::open(S3Options options) {
  return open_s3(std::move(options), server, clock);
}

}  // namespace trainyard::objectstore
