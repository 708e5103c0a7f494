#pragma once
// The request parsers, on Boost.Beast's. Pure: bytes in, values out. Internal to src/http.
//
// What could be read in two ways is refused, since a proxy in front might read it the other way:
// Content-Length beside Transfer-Encoding, several Content-Length, folded header lines, bare line
// feeds, control bytes, blanks around a header name, several Host.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/server.hpp"

namespace trainyard::http {

struct RequestHead {
  Request request;  // without body, peer and request_id
  bool keep_alive = true;
  bool expect_continue = false;
  bool chunked = false;
  std::uint64_t content_length = 0;  // when not chunked
};

// The length of the head in `data` including its empty line, nullopt while it is incomplete.
// `from` is where the last search ended (0 at first). Throws ProtocolError 400 for a line that
// ends without a carriage return.
std::optional<std::size_t> find_head_end(std::string_view data, std::size_t from);

constexpr std::size_t kMaxHeaders = 256;

// Parses a whole head. Throws ProtocolError; `into` then holds what was understood so far.
void parse_request_head(std::string_view head, RequestHead& into);

// Decodes a chunked body; extensions and trailers are dropped.
class ChunkedDecoder {
 public:
  ChunkedDecoder();
  ~ChunkedDecoder();
  ChunkedDecoder(const ChunkedDecoder&) = delete;
  ChunkedDecoder& operator=(const ChunkedDecoder&) = delete;

  struct Step {
    std::size_t consumed = 0;  // of `in`
    std::size_t produced = 0;  // into `out`
  };
  // Goes on as far as `in` and `out` allow. Nothing consumed and nothing produced: it needs more
  // bytes than `in` holds, at most 16 KiB at once. Throws ProtocolError 400 for broken framing.
  Step decode(std::string_view in, std::span<char> out);
  // Decodes and drops as much of `in` as can be; how much that was. Throws as decode() does.
  std::size_t skip(std::string_view in);
  bool done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trainyard::http
