#pragma once
// Content coding of answers: gzip, when the client takes it and it is worth the work. Pure.
// Internal to src/http.
#include <string>
#include <string_view>

#include "http/server.hpp"

namespace trainyard::http {

std::string gzip(std::string_view bytes);

// Turns a text of at least 1 KiB (JSON, text/*) into its gzip form, when the client takes that and
// it is shorter. Says in Vary that the answer depends on it, also when it did nothing this time. An
// answer that has a coding or a range, and every body that is no string, stays as it is.
void compress(const Request& request, Response& response);

}  // namespace trainyard::http
