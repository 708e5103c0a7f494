#pragma once
// The request body as a handler reads it: what came with the head, then the socket.
// Internal to src/http.
#include <memory>
#include <optional>
#include <string>

#include "http/peer_socket.hpp"
#include "http/read_buffer.hpp"
#include "http/request_parser.hpp"
#include "http/server.hpp"

namespace trainyard::http {

class SocketBodyReader final : public BodyReader {
 public:
  // Of a body that nobody reads, so many bytes are skipped for the sake of the connection.
  static constexpr std::uint64_t kWorthSkipping = 1 << 20;

  // `socket` and `buffer` must outlive the reader. Bytes behind the body stay in `buffer`.
  SocketBodyReader(const RequestHead& head, std::uint64_t max_bytes, PeerSocket& socket,
                   ReadBuffer& buffer);

  std::optional<std::uint64_t> content_length() const override;
  std::size_t read(std::span<char> into) override;

  // Every byte of the body was taken from the connection.
  bool finished() const;
  // The rest may be skipped to keep the connection: it is short, and the peer sends it unasked.
  bool worth_skipping() const;
  // Drops what has come of the rest, without waiting; true when that was all. Throws when it is
  // broken.
  bool drop_received();

 private:
  std::size_t read_some(std::span<char> into);
  std::size_t read_plain(std::span<char> into);
  std::size_t read_chunked(std::span<char> into);
  void send_continue();

  PeerSocket& socket_;
  ReadBuffer& buffer_;
  std::uint64_t max_bytes_;
  std::uint64_t rest_ = 0;   // plain: bytes still to come
  std::uint64_t taken_ = 0;  // decoded so far
  std::uint64_t length_ = 0;
  bool continue_wanted_;
  bool broken_ = false;  // framing lost, peer gone or too slow, or over the limit
  std::unique_ptr<ChunkedDecoder> chunks_;  // null: plain
};

}  // namespace trainyard::http
