#include "cli/run_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::cli {

std::string time_text(const std::optional<TimePoint>& time, std::string_view absent) {
  return time ? format_seconds(*time) : std::string(absent);
}

std::string state_text(const wire::RunView& run) {
  std::string text(to_string(run.state));
  if (is_terminal(run.state)) return text;
  if (run.phase) text += fmt::format("/{}", to_string(*run.phase));
  if (run.cancel_requested) text += " (canceling)";
  return text;
}

std::string size_text(const wire::RunView& run) {
  if (run.gpus == 0) return run.size;
  const auto gpus = fmt::format("{} GPU{}", run.gpus, run.gpus == 1 ? "" : "s");
  return run.size.empty() ? gpus : fmt::format("{} ({})", run.size, gpus);
}

std::string command_text(const wire::RunView& run) {
  std::string text(trim(run.command));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string summary_json(const wire::RunView& run) {
  wire::JsonWriter out;
  out.begin_object()
      .field("id", run.id)
      .field("url", run.url)
      .field("name", run.name)
      .field("state", to_string(run.state));
  if (run.phase) out.field("phase", to_string(*run.phase));
  out.field("framework", run.framework)
      .field("version", run.version)
      .text_unless_empty("size", run.size)
      .field("gpus", run.gpus)
      .field("submitted_at", run.submitted_at)
      .field("running_at", run.running_at)
      .field("finished_at", run.finished_at)
      .end_object();
  return out.take();
}

}  // namespace trainyard::cli
