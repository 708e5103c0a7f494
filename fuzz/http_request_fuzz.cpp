// A request as it comes from the network: its head, and a chunked body in pieces.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/request_parser.hpp"

namespace {

using namespace trainyard::http;

void decode_body(std::string_view rest, std::size_t step) {
  ChunkedDecoder decoder;
  std::string pending;
  std::array<char, 64> out;
  while (!decoder.done()) {
    const auto result = decoder.decode(pending, out);
    if (result.consumed > pending.size() || result.produced > out.size()) std::abort();
    pending.erase(0, result.consumed);
    if (result.consumed > 0 || result.produced > 0) continue;
    if (rest.empty()) return;
    pending += rest.substr(0, step);
    rest.remove_prefix(std::min(step, rest.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto end = find_head_end(bytes, 0);
    if (!end) return 0;
    RequestHead head;
    parse_request_head(bytes.substr(0, *end), head);
    const Request& request = head.request;
    if (request.raw_path.empty() || request.method.empty()) std::abort();
    if (head.chunked && head.content_length != 0) std::abort();
    decode_body(bytes.substr(*end), 1 + size % 97);
  } catch (const ProtocolError& error) {
    if (error.status() < 400 || error.status() > 505) std::abort();
  }
  return 0;
}
