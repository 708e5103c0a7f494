#include "http/server.hpp"

namespace trainyard::http {

bool is_websocket_upgrade(const Request& request) {
  const Headers& headers = request.headers;
  return request.method == "GET" && lists_token(headers, "Connection", "upgrade") &&
         lists_token(headers, "Upgrade", "websocket") && headers.get("Sec-WebSocket-Key") &&
         headers.get("Sec-WebSocket-Version") == "13";
}

}  // namespace trainyard::http
