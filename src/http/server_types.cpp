#include "http/server.hpp"

namespace trainyard::http {

std::size_t PushSource::Chunk::size() const {
  std::size_t size = bytes.size();
  for (const FileSlice& slice : slices) size += slice.length;
  return size;
}

namespace {

// Base64 of 16 bytes (RFC 6455, 4.2.1).
bool is_nonce(std::string_view key) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(kDigits) == 22;
}

}  // namespace

bool is_websocket_upgrade(const Request& request) {
  const Headers& headers = request.headers;
  const auto keys = headers.get_all("Sec-WebSocket-Key");
  return request.method == "GET" && lists_token(headers, "Connection", "upgrade") &&
         lists_token(headers, "Upgrade", "websocket") && keys.size() == 1 && is_nonce(keys[0]) &&
         headers.get("Sec-WebSocket-Version") == "13";
}

}  // namespace trainyard::http
