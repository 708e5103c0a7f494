#include <fmt/format.h>

#include "api/service.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 256;
constexpr std::uint64_t kMostLines = 1000;

}  // namespace

wire::Secrets shown_secrets(const Service& service, const Call& call, const std::string& owner) {
  const bool may_write =
      call.caller.role != accounts::Role::Viewer && call.caller.scope >= accounts::Scope::Write;
  const bool in_clear = service.options.echo_secrets && owner == call.user && may_write;
  return in_clear ? wire::Secrets::InClear : wire::Secrets::Masked;
}

std::optional<std::string> idempotency_key(const Call& call) {
  auto key = call.request.headers.get("Idempotency-Key");
  if (key && key->empty()) {
    throw Error(ErrorKind::InvalidInput,
                "Idempotency-Key is empty: leave it out, or make up a text like a UUID");
  }
  if (key && key->size() > kMaxIdempotencyKey) {
    throw Error(ErrorKind::InvalidInput, "Idempotency-Key is longer than 256 bytes");
  }
  return key;
}

std::optional<std::size_t> last_lines(const Call& call) {
  const auto text = call.request.query.get("last");
  if (!text) return std::nullopt;
  const auto lines = parse_u64(*text);
  if (!lines || *lines > kMostLines) {
    throw Error(ErrorKind::InvalidInput, fmt::format("last must be between 0 and {}", kMostLines));
  }
  return *lines;
}

void require_websocket(const Call& call, std::string_view instead) {
  if (http::is_websocket_upgrade(call.request)) return;
  throw Error(
      ErrorKind::InvalidInput,
      fmt::format("this is a websocket: connect with an upgrade request, or read {}", instead));
}

http::Response json_response(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response empty_response(int status) {
  http::Response response;
  response.status = status;
  return response;
}

Paging paging(const Call& call, std::size_t fallback, std::size_t most) {
  Paging result{fallback, call.request.query.get("start").value_or("")};
  if (const auto text = call.request.query.get("limit")) {
    const auto limit = parse_u64(*text);
    if (!limit || *limit == 0 || *limit > most) {
      throw Error(ErrorKind::InvalidInput, fmt::format("limit must be between 1 and {}, not \"{}\"",
                                                       most, printable(*text)));
    }
    result.limit = *limit;
  }
  return result;
}

std::string next_url(const Call& call, std::string_view path, const Paging& wanted,
                     const std::string& next) {
  if (next.empty()) return "";
  std::string kept;
  for (const char* name : {"view", "owner"}) {
    if (const auto value = call.request.query.get(name)) {
      kept += fmt::format("{}={}&", name, percent_encode(*value));
    }
  }
  return fmt::format("{}{}?{}limit={}&start={}", call.base_url, path, kept, wanted.limit,
                     percent_encode(next));
}

repository::RunPage find_run_page(Service& service, const Call& call,
                                  repository::RunDetail detail) {
  if (const auto id = model::RunId::parse(call.param("id"))) {
    auto page = service.parts.runs.list({.id = id, .limit = 1, .detail = detail});
    if (!page.runs.empty() && sees(call.caller, page.runs[0].owner)) return page;
  }
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no training run \"{}\"; `bx ml list training-runs` shows those "
                          "there are (details are kept for a limited time after the end)",
                          printable(call.param("id"))));
}

model::TrainingRun find_run(Service& service, const Call& call) {
  return std::move(find_run_page(service, call, repository::RunDetail::Brief).runs[0]);
}

Throttled::Throttled(Milliseconds wait)
    : AskedTooMuch(429,
                   fmt::format("too many wrong passwords; try again in {}", format_duration(wait)),
                   wait) {}

std::optional<std::string> bearer_token(const http::Request& request) {
  const auto header = request.headers.get("Authorization");
  if (!header || header->size() < 7 ||
      !iequals(std::string_view(*header).substr(0, 7), "bearer ")) {
    return std::nullopt;
  }
  return std::string(trim(std::string_view(*header).substr(7)));
}

}  // namespace trainyard::api
