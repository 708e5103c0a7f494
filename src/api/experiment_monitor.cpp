#include "api/experiment_monitor.hpp"

#include "wire/experiment_run.hpp"
#include "wire/monitor.hpp"

namespace trainyard::api {
namespace {

class ExperimentMonitor final : public http::PushSource {
 public:
  ExperimentMonitor(const MonitorParts& parts, std::span<const model::TrainingRun> runs,
                    std::optional<std::size_t> last_lines) {
    for (const auto& run : runs) {
      const auto offset = last_lines ? parts.logs.offset_of_last_lines(
                                           run.id, logstore::Stream::Training, *last_lines)
                                     : 0;
      trainings_.push_back({run.id.str(), run.manifest.name, monitor_run(parts, run.id, offset)});
    }
  }

  // The next frame of whichever training has one, beginning after the one that spoke last, so that
  // a busy log does not drown the others.
  Chunk poll(std::size_t max) override {
    for (std::size_t tries = trainings_.size(); tries > 0; --tries) {
      if (turn_ >= trainings_.size()) turn_ = 0;
      Training& training = trainings_[turn_];
      const Chunk chunk = training.source->poll(max);
      const std::string frame = chunk.bytes.empty() ? "" : renamed(training, chunk.bytes);
      if (chunk.end) {
        trainings_.erase(trainings_.begin() + static_cast<std::ptrdiff_t>(turn_));
      } else {
        ++turn_;
      }
      if (!frame.empty()) return {frame, false};
    }
    return {"", trainings_.empty()};
  }

  void on_ready(std::function<void()> wake) override {
    for (Training& training : trainings_) training.source->on_ready(wake);
  }

 private:
  struct Training {
    std::string id, name;
    std::shared_ptr<http::PushSource> source;
  };

  static std::string renamed(const Training& training, std::string_view run_frame) {
    const auto frame = wire::decode_monitor_frame(run_frame);
    return wire::encode(wire::ExperimentFrame{.run = training.id,
                                              .name = training.name,
                                              .state = frame.state,
                                              .message = frame.message.value_or(""),
                                              .offset = frame.offset,
                                              .next_offset = frame.next_offset,
                                              .metrics = frame.metrics});
  }

  std::vector<Training> trainings_;  // that have not ended
  std::size_t turn_ = 0;
};

}  // namespace

std::shared_ptr<http::PushSource> monitor_experiment(const MonitorParts& parts,
                                                     std::span<const model::TrainingRun> runs,
                                                     std::optional<std::size_t> last_lines) {
  return std::make_shared<ExperimentMonitor>(parts, runs, last_lines);
}

}  // namespace trainyard::api
