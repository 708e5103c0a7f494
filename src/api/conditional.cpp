#include "api/conditional.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

std::string_view strong_part(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

std::string etag_of(const std::string& text) {
  return fmt::format("W/\"{:x}-{:016x}\"", text.size(), crc64nvme(text));
}

}  // namespace

PreconditionFailed::PreconditionFailed()
    : Error(ErrorKind::Conflict,
            "it is not any more what If-Match says: GET it again, and decide by what it is now") {}

void require_match(const http::Request& request, const std::function<http::Answer()>& current) {
  const auto wanted = request.headers.get("If-Match");
  if (!wanted) return;
  const auto answer = current();
  const auto& response = std::get<http::Response>(answer);
  if (!etag_listed(*wanted, etag_of(std::get<std::string>(response.body)))) {
    throw PreconditionFailed();
  }
}

bool etag_listed(std::string_view list, std::string_view etag) {
  for (const auto& item : split(list, ',')) {
    const auto text = trim(item);
    if (text == "*" || strong_part(text) == strong_part(etag)) return true;
  }
  return false;
}

void make_conditional(const http::Request& request, http::Response& response) {
  const auto* text = std::get_if<std::string>(&response.body);
  const bool reads = request.method == "GET" || request.head();
  if (text == nullptr || !reads || response.status != 200 ||
      response.headers.get("Cache-Control")) {
    return;
  }
  const auto etag = etag_of(*text);
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", "private, no-cache");  // to be kept, and asked for again
  const auto wanted = request.headers.get("If-None-Match");
  if (!wanted || !etag_listed(*wanted, etag)) return;
  response.status = 304;
  response.body = std::string();
}

}  // namespace trainyard::api
