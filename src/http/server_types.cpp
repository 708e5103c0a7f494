#include "http/server.hpp"

namespace trainyard::http {

std::size_t PushSource::Chunk::size() const {
  std::size_t size = bytes.size();
  for (const FileSlice& slice : slices) size += slice.length;
  return size;
}

bool is_websocket_upgrade(const Request& request) {
  const Headers& headers = request.headers;
  return request.method == "GET" && lists_token(headers, "Connection", "upgrade") &&
         lists_token(headers, "Upgrade", "websocket") && headers.get("Sec-WebSocket-Key") &&
         headers.get("Sec-WebSocket-Version") == "13";
}

}  // namespace trainyard::http
