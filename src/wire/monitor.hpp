#pragma once
// A frame of the monitor websocket, /v3/models/{id}/monitor (wml-v3 b.5):
//   {"status":{"state","submitted_at","current_at","message","offset"?,
//   "next_offset"?,"metrics":[METRIC…]}}
// Ours are the offsets.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "model/run.hpp"
#include "wire/metric.hpp"

namespace trainyard::wire {

// A client library of old takes at most 32 KiB a frame. A chunk of this many bytes fits also when
// every byte of it, and of the longest name that an experiment's frame has besides, is escaped to
// six; and so does a metric whose JSON has this many bytes.
inline constexpr std::size_t kMonitorChunk = 4'000;
inline constexpr std::size_t kMonitorMetric = 6 * kMonitorChunk;

struct MonitorFrame {
  std::optional<model::RunState> state;
  std::optional<TimePoint> submitted_at, current_at;
  std::optional<std::string> message;  // lines of the log, or "<id>: " as a sign of life
  // In the log, of the message's first byte and of what follows it, if it is of the log. The
  // message is text and may have another length: it shows bytes that are no UTF-8 as U+FFFD.
  std::optional<std::uint64_t> offset, next_offset;
  std::vector<Metric> metrics;
};

std::string encode(const MonitorFrame& frame);
// A frame without a status or a message is one too; a state that is not known is left out.
// Throws InvalidInput.
MonitorFrame decode_monitor_frame(std::string_view json);

}  // namespace trainyard::wire
