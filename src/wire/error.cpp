#include "wire/error.hpp"

#include "base/strings.hpp"
#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kErrorLimit = 1 << 20;

void write_entry(JsonWriter& out, const ErrorEntry& entry) {
  out.begin_object()
      .field("code", entry.code)
      .field("message", entry.message)
      .text_unless_empty("more_info", entry.more_info);
  if (!entry.target_type.empty() || !entry.target_name.empty()) {
    out.key("target")
        .begin_object()
        .field("type", entry.target_type)
        .field("name", entry.target_name)
        .end_object();
  }
  out.end_object();
}

ErrorEntry read_entry(const JsonObject& in) {
  ErrorEntry entry{.code = in.text_or_empty("code"),
                   .message = in.text("message"),
                   .more_info = in.text_or_empty("more_info"),
                   .target_type = {},
                   .target_name = {}};
  if (const auto target = in.optional_object("target")) {
    entry.target_type = target->text_or_empty("type");
    entry.target_name = target->text_or_empty("name");
  }
  return entry;
}

ErrorBody read_body(const JsonObject& in) {
  ErrorBody body{.trace = in.text_or_empty("trace"), .errors = {}};
  // Some servers of this API wrote "error" instead (a.6).
  for (const JsonObject& entry : in.objects(in.has("errors") ? "errors" : "error")) {
    body.errors.push_back(read_entry(entry));
  }
  return body;
}

}  // namespace

ErrorBody error_body(const Error& error, std::string trace) {
  return {.trace = std::move(trace),
          .errors = {{.code = std::string(to_string(error.kind())),
                      .message = error.what(),
                      .more_info = {},
                      .target_type = {},
                      .target_name = {}}}};
}

std::string encode(const ErrorBody& body) {
  JsonWriter out;
  out.begin_object().field("trace", body.trace).key("errors").begin_array();
  for (const ErrorEntry& entry : body.errors) write_entry(out, entry);
  out.end_array().end_object();
  return out.take();
}

ErrorBody decode_error(std::string_view body) {
  try {
    ErrorBody read = read_body(JsonObject::parse(body, "error", kErrorLimit));
    if (!read.errors.empty()) return read;
  } catch (const Error&) {
    // Not ours: shown as it came, below.
  }
  ErrorEntry shown;
  shown.message = body.empty() ? "the answer has no text" : printable(trim(body));
  return {.trace = {}, .errors = {std::move(shown)}};
}

}  // namespace trainyard::wire
