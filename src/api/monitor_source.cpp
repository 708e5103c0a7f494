#include "api/monitor_source.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>

#include "api/log_pieces.hpp"
#include "base/strings.hpp"
#include "wire/metric.hpp"
#include "wire/monitor.hpp"

namespace trainyard::api {
namespace {

using logstore::Stream;

constexpr std::size_t kLogPiece = wire::kMonitorChunk;

class MonitorSource final : public http::PushSource {
 public:
  MonitorSource(const MonitorParts& parts, const model::RunId& run, std::uint64_t offset)
      : parts_(parts), id_(run), offset_(offset) {}

  Chunk poll(std::size_t) override {
    // Looked up before the log is read: what came before the end is then certain to be read.
    if (changed_->exchange(false)) run_ = parts_.runs.find(id_);
    if (!run_) return {"", true};  // deleted meanwhile
    if (!told_ || *told_ != run_->status.state) return state_frame();
    const bool ended = model::is_terminal(run_->status.state);
    if (auto frame = log_frame(ended); !frame.empty()) return {std::move(frame), false};
    if (auto frame = metric_frame(); !frame.empty()) return {std::move(frame), false};
    if (!ended || end_told_) return {"", end_told_};
    end_told_ = true;
    return {wire::encode(status_frame(status_line(run_->status.state))), false};
  }

  void on_ready(std::function<void()> wake) override {
    log_subscription_ = parts_.logs.subscribe(id_, wake);
    hub_subscription_ = parts_.hub.subscribe(id_, [changed = changed_, wake = std::move(wake)] {
      changed->store(true);
      wake();
    });
  }

 private:
  // The state alone; the line "Status: COMPLETED" comes after the whole log.
  Chunk state_frame() {
    told_ = run_->status.state;
    const bool ended = model::is_terminal(run_->status.state);
    return {wire::encode(status_frame(ended ? "" : status_line(run_->status.state))), false};
  }

  std::string log_frame(bool ended) {
    const std::string bytes = parts_.logs.read(id_, Stream::Training, offset_, kLogPiece);
    const auto length = piece_length(bytes, kLogPiece, ended);
    if (length == 0) return "";
    wire::MonitorFrame piece = status_frame(std::string_view(bytes).substr(0, length));
    piece.offset = offset_;
    piece.next_offset = offset_ += length;
    return wire::encode(piece);
  }

  // Each whole line that is a metric, in several frames when it is a long one; others are passed
  // over.
  std::string metric_frame() {
    while (metrics_.empty()) {
      const std::string bytes =
          parts_.logs.read(id_, Stream::Metrics, metrics_offset_, wire::kMaxMetricLine);
      const auto end = bytes.find('\n');
      if (end == std::string::npos && bytes.size() < wire::kMaxMetricLine) return "";
      metrics_offset_ += end == std::string::npos ? bytes.size() : end + 1;
      if (const auto metric = wire::parse_metric_line(std::string_view(bytes).substr(0, end))) {
        metrics_ = wire::in_pieces(*metric, wire::kMonitorMetric);
        std::ranges::reverse(metrics_);
      }
    }
    wire::MonitorFrame measured = status_frame("");
    measured.metrics.push_back(std::move(metrics_.back()));
    metrics_.pop_back();
    return wire::encode(measured);
  }

  static std::string status_line(model::RunState state) {
    std::string word(to_string(state));
    std::transform(word.begin(), word.end(), word.begin(), ::toupper);
    return "Status: " + word + "\n";
  }

  wire::MonitorFrame status_frame(std::string_view message) const {
    return {.state = run_->status.state,
            .submitted_at = run_->created_at,
            .current_at = run_->modified_at,
            .message = std::string(message),
            .offset = {},
            .next_offset = {},
            .metrics = {}};
  }

  const MonitorParts parts_;
  const model::RunId id_;
  std::uint64_t offset_;
  std::uint64_t metrics_offset_ = 0;
  std::vector<wire::Metric> metrics_;  // read and not sent yet, the next one last
  // Shared with the hub's subscription, which may be called while this is taken down.
  const std::shared_ptr<std::atomic<bool>> changed_ = std::make_shared<std::atomic<bool>>(true);
  std::optional<model::TrainingRun> run_;
  std::optional<model::RunState> told_;
  bool end_told_ = false;
  logstore::LogStore::Subscription log_subscription_;
  RunHub::Subscription hub_subscription_;
};

}  // namespace

std::shared_ptr<http::PushSource> monitor_run(const MonitorParts& parts, const model::RunId& run,
                                              std::uint64_t offset) {
  return std::make_shared<MonitorSource>(parts, run, offset);
}

}  // namespace trainyard::api
