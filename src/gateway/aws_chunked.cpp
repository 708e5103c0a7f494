#include "gateway/aws_chunked.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/strings.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;
constexpr std::size_t kMaxLine = 4 * 1024;
constexpr std::size_t kMaxTrailers = 16;
constexpr std::string_view kChunkSignature = "chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

[[noreturn]] void broken() {
  throw S3Error(S3Code::IncompleteBody, "The aws-chunked encoding of the body is broken");
}

std::uint64_t chunk_size(std::string_view hex) {
  if (hex.empty() || hex.size() > 15) broken();
  std::uint64_t size = 0;
  for (const char c : hex) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(to_lower({&c, 1}));
    if (digit == std::string_view::npos) broken();
    size = size << 4 | digit;
  }
  return size;
}

}  // namespace

AwsChunkedReader::AwsChunkedReader(ByteSource source, ChunkedOptions options)
    : source_(std::move(source)), options_(std::move(options)), buffer_(kBuffer) {}

std::size_t AwsChunkedReader::read(std::span<char> into) {
  if (done_ || into.empty()) return 0;
  if (left_ == 0) begin_chunk();
  if (done_) return 0;
  if (begin_ == end_ && !fill()) broken();
  const std::size_t count =
      std::size_t(std::min<std::uint64_t>({left_, into.size(), end_ - begin_}));
  std::memcpy(into.data(), buffer_.data() + begin_, count);
  if (hasher_) hasher_->update({into.data(), count});
  begin_ += count;
  left_ -= count;
  if (left_ == 0) {
    check_chunk_signature();
    if (!line().empty()) broken();
  }
  return count;
}

bool AwsChunkedReader::fill() {
  begin_ = 0;
  end_ = source_(buffer_);
  return end_ != 0;
}

// Up to a line feed, which goes, with a carriage return before it.
std::string AwsChunkedReader::line() {
  std::string out;
  while (true) {
    if (begin_ == end_ && !fill()) broken();
    const char* first = buffer_.data() + begin_;
    const auto* feed = static_cast<const char*>(std::memchr(first, '\n', end_ - begin_));
    const std::size_t count = feed ? std::size_t(feed - first) : end_ - begin_;
    if (out.size() + count > kMaxLine) {
      throw S3Error(S3Code::InvalidRequest, "A line of the aws-chunked encoding is too long");
    }
    out.append(first, count);
    begin_ += count + (feed ? 1 : 0);
    if (feed) break;
  }
  if (out.ends_with('\r')) out.pop_back();
  return out;
}

// "400;chunk-signature=…"; a chunk of no bytes is the last.
void AwsChunkedReader::begin_chunk() {
  const std::string header = line();
  const std::string_view text(header);
  const std::size_t semicolon = text.find(';');
  left_ = chunk_size(trim(text.substr(0, semicolon)));
  if (options_.signer) {
    const auto extension =
        semicolon == std::string_view::npos ? "" : trim(text.substr(semicolon + 1));
    if (!extension.starts_with(kChunkSignature)) {
      throw S3Error(S3Code::SignatureDoesNotMatch, "A chunk lacks its signature");
    }
    signature_ = extension.substr(kChunkSignature.size());
    hasher_.emplace(Digest::Sha256);
  }
  if (left_ != 0) return;
  check_chunk_signature();
  if (options_.trailer) read_trailer();
  expect_end();
  done_ = true;
}

void AwsChunkedReader::check_chunk_signature() {
  if (!options_.signer) return;
  const std::string expected = options_.signer->next(to_hex(hasher_->finish()));
  if (!constant_time_equal(expected, signature_)) {
    throw S3Error(S3Code::SignatureDoesNotMatch, "The signature of a chunk is not right");
  }
}

// "name:value" lines up to an empty one. Some clients send an empty line before them, too.
void AwsChunkedReader::read_trailer() {
  std::string signature;
  bool seen = false;
  while (begin_ != end_ || fill()) {
    const std::string text = line();
    if (text.empty() && seen) break;
    if (text.empty()) continue;
    seen = true;
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || trailer_.items().size() == kMaxTrailers) broken();
    const std::string name = to_lower(trim(std::string_view(text).substr(0, colon)));
    const std::string value(trim(std::string_view(text).substr(colon + 1)));
    if (name == kTrailerSignature) {
      signature = value;
    } else {
      trailer_.add(name, value);
    }
  }
  check_trailer_signature(signature);
}

void AwsChunkedReader::check_trailer_signature(const std::string& signature) {
  if (!options_.signer) return;
  std::string canonical;
  for (const auto& [name, value] : trailer_.items()) canonical += name + ':' + value + '\n';
  if (!constant_time_equal(options_.signer->trailer(canonical), signature)) {
    throw S3Error(S3Code::SignatureDoesNotMatch, "The signature of the trailer is not right");
  }
}

// Line ends are all that may be left.
void AwsChunkedReader::expect_end() {
  while (begin_ != end_ || fill()) {
    const char c = buffer_[begin_++];
    if (c != '\r' && c != '\n') broken();
  }
}

}  // namespace trainyard::gateway
