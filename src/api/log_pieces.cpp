#include "api/log_pieces.hpp"

namespace trainyard::api {

std::size_t piece_length(std::string_view bytes, std::size_t full, bool last) {
  const auto newline = bytes.rfind('\n');
  if (newline != std::string_view::npos) return newline + 1;
  if (bytes.size() < full && !last) return 0;
  std::size_t length = bytes.size();
  while (length > 0 && bytes.size() - length < 3 &&
         (static_cast<unsigned char>(bytes[length - 1]) & 0xC0) == 0x80) {
    --length;  // a continuation byte: its beginning may be cut off
  }
  if (length > 0 && static_cast<unsigned char>(bytes[length - 1]) >= 0xC0) --length;
  return length == 0 || last ? bytes.size() : length;
}

}  // namespace trainyard::api
