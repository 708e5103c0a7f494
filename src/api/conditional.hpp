#pragma once
// ETags: what a client has already is not sent to it again (RFC 9110, 8.8.3 and 13.1.2). Pure.
#include "http/server.hpp"

namespace trainyard::api {

// Gives a 200 to GET or HEAD with a whole text as its body a weak ETag, and answers 304 instead
// when If-None-Match names it. What must not be kept (Cache-Control: no-store) stays as it is.
void make_conditional(const http::Request& request, http::Response& response);

// Whether an If-None-Match lists `etag`; weakness does not matter.
bool etag_listed(std::string_view list, std::string_view etag);

}  // namespace trainyard::api
