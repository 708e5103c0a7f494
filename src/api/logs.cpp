// GET /v3/models/{id}/logs/{file}?offset=N | last=N [&follow=true]: a log's bytes, as they are.
#include <fmt/format.h>

#include "api/log_source.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

std::uint64_t number(const Call& call, const char* name) {
  const auto value = parse_u64(call.request.query.get(name).value_or("0"));
  if (!value) throw Error(ErrorKind::InvalidInput, fmt::format("{} must be a whole number", name));
  return *value;
}

http::Answer read(Service& service, Call& call) {
  const auto run = find_run(service, call);
  const auto stream = logstore::parse_stream(call.param("file"));
  if (!stream) {
    throw Error(ErrorKind::NotFound,
                "there is no such log; there are training-log.txt, load-data.log, load-model.log");
  }
  auto& logs = service.parts.logs;
  const auto size = logs.size(run.id, *stream);
  std::uint64_t offset = std::min(number(call, "offset"), size);
  if (call.request.query.has("last")) {
    offset = logs.offset_of_last_lines(run.id, *stream, number(call, "last"));
  }
  http::Response response;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("X-Log-Offset", std::to_string(offset));
  if (call.request.query.get("follow").value_or("") == "true") {
    response.headers.add("Cache-Control", "no-store");
    response.body = http::StreamBody{follow_log(logs, run.id, *stream, offset)};
    return response;
  }
  response.body = http::PullBody{
      [&logs, id = run.id, stream = *stream, offset, size]() mutable {
        auto bytes = logs.read(id, stream, offset, std::min<std::uint64_t>(kPiece, size - offset));
        offset += bytes.size();
        return bytes;
      },
      size - offset};
  return response;
}

}  // namespace

void add_logs(Routes& routes) {
  routes.add("GET", "/v3/models/{id}/logs/{file}", {Access::User, read});
}

}  // namespace trainyard::api
