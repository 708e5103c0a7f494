#pragma once
// ETags: what a client has already is not sent to it again, and what changed meanwhile is not
// changed by it (RFC 9110, 8.8.3, 13.1.1 and 13.1.2; weak ones count for both). Pure.
#include <functional>

#include "base/error.hpp"
#include "http/server.hpp"

namespace trainyard::api {

// Gives a 200 to GET or HEAD with a whole text as its body a weak ETag, and answers 304 instead
// when If-None-Match names it. What must not be kept (Cache-Control: no-store) stays as it is.
void make_conditional(const http::Request& request, http::Response& response);

// Throws PreconditionFailed when the request has an If-Match that does not list the ETag of what
// GET would answer now; only then is `current` called.
void require_match(const http::Request& request, const std::function<http::Answer()>& current);

// 412
class PreconditionFailed : public Error {
 public:
  PreconditionFailed();
};

// Whether an If-None-Match or If-Match lists `etag`; weakness does not matter.
bool etag_listed(std::string_view list, std::string_view etag);

}  // namespace trainyard::api
