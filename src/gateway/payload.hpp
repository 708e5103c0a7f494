#pragma once
// The body of a request, decoded and verified while it is read: payload hash or chunk signatures,
// length, Content-MD5, and the x-amz-checksum-* header or trailer.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/hash.hpp"
#include "gateway/auth.hpp"
#include "gateway/aws_chunked.hpp"
#include "gateway/checksums.hpp"
#include "http/server.hpp"

namespace trainyard::gateway {

// What the x-amz-checksum-* headers of a request speak of: its body, or (when an upload is
// completed) the object that comes of it.
enum class ChecksumOf { Body, Object };

class Payload {
 public:
  // Reads the headers only. Throws S3Error MissingContentLength, InvalidDigest, InvalidRequest,
  // InvalidArgument.
  Payload(const http::Request& request, const Caller& caller,
          ChecksumOf checksum = ChecksumOf::Body);

  // Decoded bytes to come.
  std::uint64_t length() const { return length_; }

  // What the client sends a checksum of, if it does.
  std::optional<ChecksumAlgorithm> algorithm() const { return algorithm_; }
  // Has this checksum made, too, when the client sends none. Before the first read.
  void compute(ChecksumAlgorithm algorithm);

  // Makes no MD5 of a body whose client sends a CRC-64/NVME and wants no MD5 compared. Before the
  // first read.
  void spare_md5();

  // The next bytes; 0 at the end, when all of them were what the client said. Throws S3Error
  // IncompleteBody, BadDigest, XAmzContentSHA256Mismatch, SignatureDoesNotMatch, InvalidRequest,
  // and what BodyReader throws.
  std::size_t read(std::span<char> into);

  // After the end.
  const std::string& md5() const { return md5_value_; }  // raw; empty: it was spared
  const std::optional<Checksum>& checksum() const { return checksum_value_; }

 private:
  void read_checksum_header(const http::Request& request);
  void open_body(const http::Request& request, const Caller& caller);
  void read_trailer_header(const http::Request& request);
  void finish();
  void check_checksum();

  std::uint64_t length_ = 0;
  std::uint64_t seen_ = 0;
  ByteSource source_;
  std::unique_ptr<AwsChunkedReader> chunked_;
  std::optional<std::string> expected_sha256_, expected_md5_, expected_checksum_;
  std::optional<ChecksumAlgorithm> algorithm_;
  std::optional<Hasher> md5_{Digest::Md5};
  std::optional<Hasher> sha256_;
  std::optional<ChecksumState> checksum_;
  std::string md5_value_;
  std::optional<Checksum> checksum_value_;
  bool finished_ = false;
};

// A whole small body, verified. Throws S3Error MalformedXML when it is longer than `limit`.
std::string read_document(const http::Request& request, const Caller& caller, std::size_t limit,
                          ChecksumOf checksum = ChecksumOf::Body);

}  // namespace trainyard::gateway
