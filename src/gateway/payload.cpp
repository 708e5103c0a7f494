#include "gateway/payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

namespace sigv4 = objectstore::sigv4;

constexpr std::size_t kMd5Bytes = 16;

bool is_hex_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_streaming(std::string_view payload_hash) { return payload_hash.starts_with("STREAMING-"); }

std::string parse_content_md5(std::string_view text) {
  try {
    std::string raw = base64_decode(trim(text));
    if (raw.size() == kMd5Bytes) return raw;
  } catch (const Error&) {
  }
  throw S3Error(S3Code::InvalidDigest, {}, {{"Content-MD5", printable(text)}});
}

std::uint64_t body_length(const http::Request& request, std::string_view payload_hash) {
  if (is_streaming(payload_hash)) {
    const auto text = request.headers.get("x-amz-decoded-content-length");
    const auto length = text ? parse_u64(trim(*text)) : std::nullopt;
    if (!length) throw S3Error(S3Code::MissingContentLength);
    return *length;
  }
  const auto length = request.body->content_length();
  if (!length) throw S3Error(S3Code::MissingContentLength);
  return *length;
}

}  // namespace

Payload::Payload(const http::Request& request, const Caller& caller, ChecksumOf checksum)
    : length_(body_length(request, caller.presented.payload_hash)) {
  if (const auto md5 = request.headers.get("content-md5")) {
    expected_md5_ = parse_content_md5(*md5);
  }
  if (checksum == ChecksumOf::Body) read_checksum_header(request);
  open_body(request, caller);
  if (algorithm_) checksum_.emplace(*algorithm_);
}

void Payload::read_checksum_header(const http::Request& request) {
  for (const auto& [name, value] : request.headers.items()) {
    const auto algorithm = algorithm_of_header(name);
    if (!algorithm) continue;
    if (algorithm_) {
      throw S3Error(S3Code::InvalidRequest,
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                    "allowed.");
    }
    algorithm_ = algorithm;
    expected_checksum_ = trim(value);
    if (!well_formed(*algorithm, *expected_checksum_)) {
      throw S3Error(S3Code::InvalidRequest,
                    fmt::format("Value for {} header is invalid.", header_of(*algorithm)));
    }
  }
}

void Payload::open_body(const http::Request& request, const Caller& caller) {
  const sigv4::Presented& presented = caller.presented;
  source_ = [body = request.body](std::span<char> into) { return body->read(into); };
  if (!is_streaming(presented.payload_hash)) {
    if (presented.payload_hash == sigv4::kUnsignedPayload) return;
    if (!is_hex_sha256(presented.payload_hash)) {
      throw S3Error(S3Code::InvalidArgument,
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                    "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
    }
    expected_sha256_ = presented.payload_hash;
    sha256_.emplace(Digest::Sha256);
    return;
  }
  ChunkedOptions options;
  options.trailer = presented.payload_hash.ends_with("-TRAILER");
  if (presented.payload_hash == sigv4::kStreamingSigned ||
      presented.payload_hash == sigv4::kStreamingSignedTrailer) {
    options.signer.emplace(caller.secret_key, presented.scope, presented.amz_date,
                           presented.signature);
  } else if (presented.payload_hash != sigv4::kStreamingUnsignedTrailer) {
    throw S3Error(S3Code::NotImplemented, "This kind of streaming signature is not offered: " +
                                              printable(presented.payload_hash));
  }
  if (options.trailer) read_trailer_header(request);
  chunked_ = std::make_unique<AwsChunkedReader>(std::move(source_), std::move(options));
}

// "x-amz-trailer: x-amz-checksum-crc32" announces the checksum that follows the body.
void Payload::read_trailer_header(const http::Request& request) {
  for (const std::string& name : split(request.headers.get("x-amz-trailer").value_or(""), ',')) {
    const auto algorithm = algorithm_of_header(trim(name));
    if (!algorithm) continue;
    if (algorithm_) {
      throw S3Error(S3Code::InvalidRequest,
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                    "allowed.");
    }
    algorithm_ = algorithm;
  }
}

void Payload::compute(ChecksumAlgorithm algorithm) {
  if (!algorithm_) checksum_.emplace(algorithm);
}

void Payload::spare_md5() {
  if (algorithm_ == ChecksumAlgorithm::Crc64Nvme && !expected_md5_) md5_.reset();
}

std::size_t Payload::read(std::span<char> into) {
  if (finished_ || into.empty()) return 0;
  const std::size_t count = chunked_ ? chunked_->read(into) : source_(into);
  if (count == 0) {
    finish();
    return 0;
  }
  seen_ += count;
  if (seen_ > length_) throw S3Error(S3Code::IncompleteBody);
  const std::string_view bytes(into.data(), count);
  if (md5_) md5_->update(bytes);
  if (sha256_) sha256_->update(bytes);
  if (checksum_) checksum_->update(bytes);
  return count;
}

void Payload::finish() {
  finished_ = true;
  if (seen_ != length_) throw S3Error(S3Code::IncompleteBody);
  if (md5_) md5_value_ = md5_->finish();
  if (expected_sha256_) {
    const std::string computed = to_hex(sha256_->finish());
    if (computed != *expected_sha256_) {
      throw S3Error(S3Code::XAmzContentSHA256Mismatch, {},
                    {{"ClientComputedContentSHA256", *expected_sha256_},
                     {"S3ComputedContentSHA256", computed}});
    }
  }
  if (expected_md5_ && *expected_md5_ != md5_value_) {
    throw S3Error(S3Code::BadDigest, {},
                  {{"ExpectedDigest", base64_encode(*expected_md5_)},
                   {"CalculatedDigest", base64_encode(md5_value_)}});
  }
  if (checksum_) check_checksum();
}

void Payload::check_checksum() {
  checksum_value_ = checksum_->finish();
  if (!algorithm_) return;
  if (!expected_checksum_) expected_checksum_ = chunked_->trailer().get(header_of(*algorithm_));
  if (!expected_checksum_) {
    throw S3Error(S3Code::InvalidRequest,
                  fmt::format("The announced trailer {} did not come", header_of(*algorithm_)));
  }
  if (checksum_value_->value != *expected_checksum_) {
    throw S3Error(S3Code::BadDigest,
                  fmt::format("The {} you specified did not match the calculated checksum.",
                              name_of(*algorithm_)));
  }
}

std::string read_document(const http::Request& request, const Caller& caller, std::size_t limit,
                          ChecksumOf checksum) {
  Payload payload(request, caller, checksum);
  if (payload.length() > limit) throw S3Error(S3Code::MalformedXML);
  std::string out;
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t count = payload.read(buffer)) out.append(buffer.data(), count);
  return out;
}

}  // namespace trainyard::gateway
