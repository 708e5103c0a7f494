#pragma once
// Decoder of aws-chunked bodies: STREAMING-AWS4-HMAC-SHA256-PAYLOAD, …-TRAILER and
// STREAMING-UNSIGNED-PAYLOAD-TRAILER. Source: "Signature Calculations for the Authorization
// Header: Transferring Payload in Multiple Chunks" and "… Including Trailing Headers" of the
// Amazon S3 API reference. Reads as it goes; memory is one buffer.
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "http/message.hpp"
#include "objectstore/sigv4.hpp"

namespace trainyard::gateway {

// Fills a buffer with the next bytes; 0 at the end.
using ByteSource = std::function<std::size_t(std::span<char>)>;

struct ChunkedOptions {
  // Set: every chunk (and the trailer, when there is one) must carry the right signature.
  std::optional<objectstore::sigv4::ChunkSigner> signer;
  bool trailer = false;  // headers may follow the last chunk
};

class AwsChunkedReader {
 public:
  AwsChunkedReader(ByteSource source, ChunkedOptions options);

  // The next decoded bytes; 0 at the end, when every signature was right. Throws S3Error
  // IncompleteBody (the encoding is broken or ends early), SignatureDoesNotMatch,
  // InvalidRequest (a line or the trailer is too long).
  std::size_t read(std::span<char> into);

  // After the end: the trailing headers, without the signature.
  const http::Headers& trailer() const { return trailer_; }

 private:
  bool fill();
  std::string line();
  void begin_chunk();
  void check_chunk_signature();
  void read_trailer();
  void check_trailer_signature(const std::string& signature);
  void expect_end();

  ByteSource source_;
  ChunkedOptions options_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // the unread part of buffer_
  std::uint64_t left_ = 0;           // of the chunk
  std::string signature_;            // of the chunk, as sent
  std::optional<Hasher> hasher_;     // of the chunk
  http::Headers trailer_;
  bool done_ = false;
};

}  // namespace trainyard::gateway
