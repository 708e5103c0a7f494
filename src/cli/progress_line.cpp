#include "cli/progress_line.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/strings.hpp"
#include "wire/progress_text.hpp"

namespace trainyard::cli {
namespace {

constexpr Milliseconds kDrawEvery{200};

std::string rate_text(double bytes_per_second) {
  return fmt::format(", {}/s", format_bytes(static_cast<std::uint64_t>(bytes_per_second)));
}

}  // namespace

const wire::Progress* present_progress(const wire::RunView& run) {
  const bool present = run.progress && run.phase && run.progress->phase == to_string(*run.phase);
  return present ? &*run.progress : nullptr;
}

std::string phase_text(const wire::RunView& run) {
  if (run.queue && !run.queue->message.empty()) return "waiting: " + run.queue->message;
  std::string text(run.phase ? to_string(*run.phase) : to_string(run.state));
  if (const auto* progress = present_progress(run)) text += ": " + wire::progress_text(*progress);
  return text;
}

void TerminalLine::draw(const std::string& text) {
  if (!context_.terminal) return;
  context_.err << "\r\x1b[K" << text << std::flush;
  drawn_ = true;
}

void TerminalLine::clear() {
  if (drawn_) context_.err << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

void PhaseLine::show(const wire::RunView& run) {
  const auto text = phase_text(run);
  if (text == shown_) return;
  line_.draw(text);
  if (!context_.terminal && run.phase != phase_) context_.err << text << std::endl;
  shown_ = text;
  phase_ = run.phase;
}

UploadLine::UploadLine(Context& context, std::string file)
    : context_(context),
      line_(context),
      file_(std::move(file)),
      began_(context.clock.now()),
      drawn_(began_) {}

void UploadLine::show(std::uint64_t done, std::uint64_t total) {
  const auto now = context_.clock.now();
  if (now - drawn_ < kDrawEvery) return;
  drawn_ = now;
  const double rate =
      static_cast<double>(done) * 1000 / static_cast<double>((now - began_).count());
  auto text = fmt::format("uploading {}: {} of {}{}", file_, format_bytes(done),
                          format_bytes(total), rate_text(rate));
  if (rate > 0) {
    const Milliseconds left(
        static_cast<std::int64_t>(static_cast<double>(total - done) * 1000 / rate));
    text += fmt::format(", {} left", format_duration(left));
  }
  line_.draw(text);
}

}  // namespace trainyard::cli
