#include "api/monitor_source.hpp"

#include <algorithm>
#include <cctype>

#include "base/strings.hpp"
#include "wire/monitor.hpp"

namespace trainyard::api {
namespace {

using logstore::Stream;

constexpr std::size_t kLogPiece = wire::kMonitorChunk;

// What of `bytes` goes into one frame: whole lines, or all of it when a line is longer than that or
// nothing more will come. Never ends inside a UTF-8 character unless the text is not UTF-8.
std::size_t piece_length(std::string_view bytes, bool last) {
  const auto newline = bytes.rfind('\n');
  if (newline != std::string_view::npos) return newline + 1;
  if (bytes.size() < kLogPiece && !last) return 0;
  std::size_t length = bytes.size();
  while (length > 0 && bytes.size() - length < 3 &&
         (static_cast<unsigned char>(bytes[length - 1]) & 0xC0) == 0x80) {
    --length;  // a continuation byte: its beginning may be cut off
  }
  if (length > 0 && static_cast<unsigned char>(bytes[length - 1]) >= 0xC0) --length;
  return length == 0 || last ? bytes.size() : length;
}

class MonitorSource final : public http::PushSource {
 public:
  MonitorSource(const MonitorParts& parts, const model::RunId& run,
                std::optional<std::size_t> last_lines)
      : parts_(parts), run_(run) {
    if (last_lines) offset_ = parts_.logs.offset_of_last_lines(run_, Stream::Training, *last_lines);
  }

  Chunk poll(std::size_t) override {
    const auto run = parts_.runs.find(run_);
    if (!run) return {"", true};  // deleted meanwhile
    // Asked before the log: what came before the end is then certain to be read.
    const bool ended = model::is_terminal(run->status.state);
    if (!told_ || *told_ != run->status.state) return state_frame(*run);
    const std::string bytes = parts_.logs.read(run_, Stream::Training, offset_, kLogPiece);
    const std::size_t length = piece_length(bytes, ended);
    if (length > 0) {
      offset_ += length;
      return {frame(*run, bytes.substr(0, length)), false};
    }
    if (!ended || end_told_) return {"", end_told_};
    end_told_ = true;
    return {frame(*run, status_line(run->status.state)), false};
  }

  void on_ready(std::function<void()> wake) override {
    log_subscription_ = parts_.logs.subscribe(run_, wake);
    hub_subscription_ = parts_.hub.subscribe(run_, std::move(wake));
  }

 private:
  // The state alone; the line "Status: COMPLETED" comes after the whole log.
  Chunk state_frame(const model::TrainingRun& run) {
    told_ = run.status.state;
    const bool ended = model::is_terminal(run.status.state);
    return {frame(run, ended ? "" : status_line(run.status.state)), false};
  }

  static std::string status_line(model::RunState state) {
    std::string word(to_string(state));
    std::transform(word.begin(), word.end(), word.begin(), ::toupper);
    return "Status: " + word + "\n";
  }

  static std::string frame(const model::TrainingRun& run, std::string_view message) {
    return wire::encode(wire::MonitorFrame{.state = run.status.state,
                                           .submitted_at = run.created_at,
                                           .current_at = run.modified_at,
                                           .message = std::string(message)});
  }

  const MonitorParts parts_;
  const model::RunId run_;
  std::uint64_t offset_ = 0;
  std::optional<model::RunState> told_;
  bool end_told_ = false;
  logstore::LogStore::Subscription log_subscription_;
  RunHub::Subscription hub_subscription_;
};

}  // namespace

std::shared_ptr<http::PushSource> monitor_run(const MonitorParts& parts, const model::RunId& run,
                                              std::optional<std::size_t> last_lines) {
  return std::make_shared<MonitorSource>(parts, run, last_lines);
}

}  // namespace trainyard::api
