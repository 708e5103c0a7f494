#include "http/body_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/strings.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kChunkedRead = 64 * 1024;

}  // namespace

std::string BodyReader::read_all(std::size_t limit) {
  std::string all;
  const std::uint64_t expected = content_length().value_or(0);
  const auto require_room = [&](std::uint64_t count) {
    if (count <= limit - all.size()) return;
    throw Error(ErrorKind::TooLarge,
                fmt::format("the request body is longer than {}", format_bytes(limit)));
  };
  require_room(expected);
  all.reserve(expected);
  char buffer[16 * 1024];
  while (const std::size_t count = read(buffer)) {
    require_room(count);
    all.append(buffer, count);
  }
  return all;
}

SocketBodyReader::SocketBodyReader(const RequestHead& head, std::uint64_t max_bytes,
                                   PeerSocket& socket, ReadBuffer& buffer)
    : socket_(socket),
      buffer_(buffer),
      max_bytes_(max_bytes),
      rest_(head.content_length),
      length_(head.content_length),
      continue_wanted_(head.expect_continue) {
  if (head.chunked) chunks_ = std::make_unique<ChunkedDecoder>();
}

std::optional<std::uint64_t> SocketBodyReader::content_length() const {
  return chunks_ ? std::nullopt : std::optional(length_);
}

bool SocketBodyReader::finished() const { return chunks_ ? chunks_->done() : rest_ == 0; }

std::size_t SocketBodyReader::read(std::span<char> into) {
  if (finished() || into.empty()) return 0;
  try {
    return read_some(into);
  } catch (...) {
    broken_ = true;
    throw;
  }
}

std::size_t SocketBodyReader::read_some(std::span<char> into) {
  send_continue();
  const std::size_t count = chunks_ ? read_chunked(into) : read_plain(into);
  taken_ += count;
  if (taken_ > max_bytes_) {
    throw Error(ErrorKind::TooLarge, fmt::format("the request body is longer than the {} allowed",
                                                 format_bytes(max_bytes_)));
  }
  return count;
}

void SocketBodyReader::send_continue() {
  if (!continue_wanted_) return;
  continue_wanted_ = false;
  if (buffer_.empty()) socket_.send("HTTP/1.1 100 Continue\r\n\r\n");
}

std::size_t SocketBodyReader::read_plain(std::span<char> into) {
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), rest_)));
  std::size_t count = std::min(into.size(), buffer_.size());
  if (count > 0) {
    std::memcpy(into.data(), buffer_.data().data(), count);
    buffer_.consume(count);
  } else {
    count = socket_.receive(into);
    if (count == 0) {
      throw Error(ErrorKind::Unavailable,
                  fmt::format("the peer closed with {} bytes of the request body missing", rest_));
    }
  }
  rest_ -= count;
  return count;
}

std::size_t SocketBodyReader::read_chunked(std::span<char> into) {
  for (;;) {
    const ChunkedDecoder::Step step = chunks_->decode(buffer_.data(), into);
    buffer_.consume(step.consumed);
    if (step.produced > 0 || chunks_->done()) return step.produced;
    if (step.consumed > 0) continue;
    const std::size_t count = socket_.receive(buffer_.prepare(kChunkedRead));
    if (count == 0) {
      throw Error(ErrorKind::Unavailable, "the peer closed before the last chunk");
    }
    buffer_.commit(count);
  }
}

bool SocketBodyReader::worth_skipping() const {
  return finished() || (!broken_ && !continue_wanted_ && (chunks_ || rest_ <= kWorthSkipping));
}

bool SocketBodyReader::drop_received() {
  if (chunks_) {
    buffer_.consume(chunks_->skip(buffer_.data()));
  } else {
    const std::size_t here = std::min<std::uint64_t>(buffer_.size(), rest_);
    buffer_.consume(here);
    rest_ -= here;
  }
  return finished();
}

}  // namespace trainyard::http
