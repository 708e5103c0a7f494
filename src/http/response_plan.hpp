#pragma once
// How an answer goes out: its head, and whether and how its body follows. Pure. Internal to
// src/http.
#include <string>
#include <string_view>

#include "http/server.hpp"

namespace trainyard::http {

struct ResponseContext {
  bool head_request = false;  // HEAD: no body whatever the response holds
  bool http10 = false;
  bool keep_alive = true;  // what the request and the state of the connection allow
  std::string_view request_id;
  std::string_view server_name;
};

struct ResponsePlan {
  std::string head;  // status line to the empty line
  bool send_body = true;
  bool chunked = false;
  bool keep_alive = true;
};

// Content-Length follows from the body; a handler's own counts only where no body is sent (HEAD,
// 304). Throws Internal when a header holds a line break.
ResponsePlan plan_response(const Response& response, const ResponseContext& context);

// The form of a date in HTTP: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t unix_seconds);

}  // namespace trainyard::http
