// GET /v3/models/{id}/logs/{file}: a log's bytes, as they are, before, during and after the run.
//   - offset=N or last=N: from a byte on, or the last lines; X-Log-Offset says where it begins.
//   - follow=true: goes on until the run has ended; as events with Accept: text/event-stream; as
//     gzip with Accept-Encoding: gzip, made once for all who follow.
//     An offset that a live log has not reached is waited for: after a crash the service may have
//     less of it than the one who asks.
//   - download=true: as a file to be saved.
//   - the header Range: bytes=…: a part of what there is now (206, 416).
#include <fcntl.h>
#include <fmt/format.h>

#include "api/guarded_source.hpp"
#include "api/log_source.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"
#include "http/byte_range.hpp"
#include "wire/error.hpp"

namespace trainyard::api {
namespace {

constexpr const char* kEvents = "text/event-stream";

struct Log {
  logstore::LogStore& logs;
  model::RunId run;
  std::string owner;
  logstore::Stream stream;
  std::uint64_t size;  // now
  bool ended;          // it stays like that
};

std::uint64_t whole_number(const std::string& text, const char* name) {
  const auto value = parse_u64(text);
  if (!value) throw Error(ErrorKind::InvalidInput, fmt::format("{} must be a whole number", name));
  return *value;
}

std::optional<std::uint64_t> number(const Call& call, const char* name) {
  const auto text = call.request.query.get(name);
  return text ? std::optional(whole_number(*text, name)) : std::nullopt;
}

bool flag(const Call& call, const char* name) {
  return call.request.query.get(name).value_or("") == "true";
}

Log find_log(Service& service, const Call& call) {
  const auto run = find_run(service, call);
  const auto stream = logstore::parse_stream(call.param("file"));
  if (!stream) {
    throw Error(ErrorKind::NotFound,
                "there is no such log; there are training-log.txt, load-data.log, load-model.log "
                "and evaluation-metrics.txt");
  }
  auto& logs = service.parts.logs;
  const bool ended = model::is_terminal(run.status.state);
  if (ended) logs.seal(run.id);  // again, after a crash
  return {logs, run.id, run.owner, *stream, logs.size(run.id, *stream), ended};
}

// May be past the end of a log that grows.
std::uint64_t first_byte(const Log& log, const Call& call) {
  const auto last = number(call, "last");
  // An event source that lost its connection says so by itself.
  const auto last_event = call.request.headers.get("Last-Event-ID");
  if (last && !last_event) return log.logs.offset_of_last_lines(log.run, log.stream, *last);
  const auto offset =
      last_event ? whole_number(*last_event, "Last-Event-ID") : number(call, "offset").value_or(0);
  return log.ended ? std::min(offset, log.size) : offset;
}

http::Body bytes_of(const Log& log, const http::ByteRange& range) {
  if (range.length == 0) return std::string();
  const auto [file, length] = log.logs.locate(log.run, log.stream, range.offset, range.length);
  if (!file) throw Error(ErrorKind::NotFound, "the run was deleted meanwhile");
  Fd own(::fcntl(file->get(), F_DUPFD_CLOEXEC, 0));
  if (!own) throw_errno("open a log again");
  return http::FileBody{std::move(own), range.offset, length};
}

http::Response begin(const Log& log, const Call& call, std::uint64_t offset) {
  http::Response response;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("X-Log-Offset", std::to_string(offset));
  if (flag(call, "download")) {
    response.headers.add("Content-Disposition",
                         fmt::format("attachment; filename=\"{}-{}\"", log.run.str(),
                                     logstore::file_name(log.stream)));
  }
  return response;
}

http::Response follow(Service& service, const Log& log, const Call& call, bool events) {
  const auto offset = first_byte(log, call);
  auto response = begin(log, call, offset);
  response.headers.add("Cache-Control", "no-store");
  if (events) response.headers.set("Content-Type", kEvents);
  response.headers.add("Vary", "Accept-Encoding");
  const LogPlace place{log.run, log.stream, events ? LogForm::Events : LogForm::Bytes, offset};
  const bool as_gzip = !call.request.http10 && http::accepts_gzip(call.request);
  if (as_gzip) response.headers.add("Content-Encoding", "gzip");
  response.body = http::StreamBody{guarded(
      service, call, log.owner,
      as_gzip ? follow_log_as_gzip(log.logs, place, service.pieces) : follow_log(log.logs, place))};
  return response;
}

http::Response part(const Log& log, const Call& call, const http::RangeBounds& bounds) {
  const auto range = http::within(bounds, log.size);
  if (!range) {
    auto response = json_response(
        416, wire::encode(wire::error_body(
                 Error(ErrorKind::InvalidInput, fmt::format("the log has {} bytes", log.size)),
                 call.request.request_id)));
    response.headers.add("Content-Range", fmt::format("bytes */{}", log.size));
    return response;
  }
  auto response = begin(log, call, range->offset);
  response.status = 206;
  response.headers.add("Content-Range", http::content_range(*range, log.size));
  response.headers.add("Accept-Ranges", "bytes");
  response.body = bytes_of(log, *range);
  return response;
}

http::Answer read(Service& service, Call& call) {
  const Log log = find_log(service, call);
  const bool events = http::lists_token(call.request.headers, "Accept", kEvents);
  if (events || flag(call, "follow")) return follow(service, log, call, events);
  // If-Range asks for a part of one version only; a log has no ETag that it could name.
  const bool from_somewhere = call.request.query.has("offset") || call.request.query.has("last") ||
                              call.request.headers.get("If-Range");
  const auto range = call.request.headers.get("Range");
  const auto bounds = range && !from_somewhere ? http::parse_range_bounds(*range) : std::nullopt;
  if (bounds) return part(log, call, *bounds);
  const auto offset = first_byte(log, call);
  auto response = begin(log, call, offset);
  response.headers.add("Accept-Ranges", "bytes");
  response.body = bytes_of(log, {offset, log.size - std::min(offset, log.size)});
  return response;
}

}  // namespace

void add_logs(Routes& routes) {
  routes.add("GET", "/v3/models/{id}/logs/{file}", {Access::User, read});
}

}  // namespace trainyard::api
