#include "wire/monitor.hpp"

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {

constexpr std::size_t kFrameLimit = 1 << 20;

std::string encode(const MonitorFrame& frame) {
  JsonWriter out;
  out.begin_object().key("status").begin_object();
  if (frame.state) out.field("state", to_string(*frame.state));
  out.field("submitted_at", frame.submitted_at)
      .field("current_at", frame.current_at)
      .field("message", frame.message)
      .field("offset", frame.offset)
      .field("next_offset", frame.next_offset)
      .key("metrics")
      .raw(encode(frame.metrics))
      .end_object()
      .end_object();
  return out.take();
}

MonitorFrame decode_monitor_frame(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "monitor frame", kFrameLimit);
  MonitorFrame frame;
  const auto status = in.optional_object("status");
  if (!status) return frame;
  if (const auto state = status->optional_text("state")) frame.state = model::parse_state(*state);
  frame.submitted_at = status->optional_time("submitted_at");
  frame.current_at = status->optional_time("current_at");
  frame.message = status->optional_text("message");
  frame.offset = status->optional_number<std::uint64_t>("offset");
  frame.next_offset = status->optional_number<std::uint64_t>("next_offset");
  frame.metrics = read_metrics(*status);
  return frame;
}

}  // namespace trainyard::wire
