#include "base/strings.hpp"
#include "http/server.hpp"

namespace trainyard::http {

namespace {

bool lists(const Headers& headers, std::string_view name, std::string_view token) {
  for (const std::string& value : headers.get_all(name)) {
    for (const std::string& part : split(value, ',')) {
      if (iequals(trim(part), token)) return true;
    }
  }
  return false;
}

}  // namespace

bool is_websocket_upgrade(const Request& request) {
  return request.method == "GET" && lists(request.headers, "Connection", "upgrade") &&
         lists(request.headers, "Upgrade", "websocket") &&
         request.headers.get("Sec-WebSocket-Key") &&
         request.headers.get("Sec-WebSocket-Version") == "13";
}

}  // namespace trainyard::http
