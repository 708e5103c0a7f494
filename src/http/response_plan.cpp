#include "http/response_plan.hpp"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "base/strings.hpp"

namespace trainyard::http {

namespace {

bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

struct LengthOf {
  std::optional<std::uint64_t> operator()(const std::string& body) const { return body.size(); }
  std::optional<std::uint64_t> operator()(const FileBody& body) const { return body.length; }
  std::optional<std::uint64_t> operator()(const PullBody& body) const { return body.length; }
  std::optional<std::uint64_t> operator()(const StreamBody&) const { return std::nullopt; }
};

void add_line(std::string& head, std::string_view name, std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  if (name.find_first_of(kBreaks) != std::string_view::npos ||
      value.find_first_of(kBreaks) != std::string_view::npos) {
    throw Error(ErrorKind::Internal,
                fmt::format("the answer's header '{}' holds a line break", printable(name)));
  }
  head.append(name).append(": ").append(value).append("\r\n");
}

// Headers that say how the message is framed; they are written by the server alone.
bool frames_message(std::string_view name) {
  return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") ||
         iequals(name, "Connection");
}

// The value of Content-Length, if there is to be one.
std::optional<std::string> announced_length(const Response& response, const ResponsePlan& plan) {
  if (response.status < 200 || response.status == 204) return std::nullopt;
  const auto own = response.headers.get("Content-Length");
  if (!plan.send_body && own) return own;
  if (response.status == 304) return std::nullopt;
  const auto length = std::visit(LengthOf{}, response.body);
  return length ? std::optional(fmt::format_int(*length).str()) : std::nullopt;
}

void add_standard_lines(std::string& head, const Headers& own, const ResponseContext& context) {
  if (!own.get("Date")) add_line(head, "Date", http_date(std::time(nullptr)));
  if (!own.get("Server")) add_line(head, "Server", context.server_name);
  if (!own.get("X-Request-Id")) add_line(head, "X-Request-Id", context.request_id);
}

}  // namespace

ResponsePlan plan_response(const Response& response, const ResponseContext& context) {
  ResponsePlan plan;
  plan.send_body = !context.head_request && !bodiless(response.status);
  const auto length = announced_length(response, plan);
  const bool open_ended = plan.send_body && !length;
  plan.chunked = open_ended && !context.http10;
  const auto own_connection = response.headers.get("Connection");
  plan.keep_alive = context.keep_alive && !(open_ended && context.http10) &&
                    !(own_connection && iequals(*own_connection, "close"));

  fmt::format_to(std::back_inserter(plan.head), "HTTP/1.1 {} {}\r\n", response.status,
                 reason_phrase(response.status));
  add_standard_lines(plan.head, response.headers, context);
  for (const auto& [name, value] : response.headers.items()) {
    if (!frames_message(name)) add_line(plan.head, name, value);
  }
  if (length) add_line(plan.head, "Content-Length", *length);
  if (plan.chunked) add_line(plan.head, "Transfer-Encoding", "chunked");
  if (!plan.keep_alive) add_line(plan.head, "Connection", "close");
  if (plan.keep_alive && context.http10) add_line(plan.head, "Connection", "keep-alive");
  plan.head += "\r\n";
  return plan;
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = unix_seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace trainyard::http
