#include "wire/progress_text.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"

namespace trainyard::wire {

std::string progress_text(const Progress& progress) {
  if (!progress.trouble.empty() && progress.files_total == 0) return progress.trouble;
  auto text = fmt::format("{} of {} files, {} of {}", progress.files_done, progress.files_total,
                          format_bytes(progress.bytes_done), format_bytes(progress.bytes_total));
  if (progress.bytes_from_cache > 0) {
    text += fmt::format(" ({} from the cache)", format_bytes(progress.bytes_from_cache));
  }
  if (progress.bytes_per_second > 0) {
    text +=
        fmt::format(", {}/s", format_bytes(static_cast<std::uint64_t>(progress.bytes_per_second)));
    if (!progress.limited_by.empty()) text += ", limited by the " + progress.limited_by;
  }
  if (progress.remaining) text += fmt::format(", {} left", format_duration(*progress.remaining));
  if (!progress.trouble.empty()) text += "; " + progress.trouble;
  return text;
}

}  // namespace trainyard::wire
