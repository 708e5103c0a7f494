#include "api/experiment_monitor.hpp"

#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "base/sync.hpp"
#include "wire/experiment_run.hpp"
#include "wire/monitor.hpp"

namespace trainyard::api {
namespace {

// So many trainings are asked before others on the io thread have their turn.
constexpr std::size_t kMostAsked = 16;

// Those that may have something to tell, each once, in the order in which they were noted.
// Thread-safe.
class Turns {
 public:
  explicit Turns(std::size_t trainings) {
    state_.with([&](State& state) { state.waits.resize(trainings); });
    for (std::size_t i = 0; i < trainings; ++i) note(i);
  }

  void note(std::size_t training) {
    state_.with([&](State& state) {
      if (state.waits[training]) return;
      state.waits[training] = true;
      state.order.push_back(training);
    });
  }
  std::optional<std::size_t> take() {
    return state_.with([](State& state) -> std::optional<std::size_t> {
      if (state.order.empty()) return std::nullopt;
      const std::size_t training = state.order.front();
      state.order.pop_front();
      state.waits[training] = false;
      return training;
    });
  }

 private:
  struct State {
    std::deque<std::size_t> order;
    std::vector<bool> waits;
  };
  Sync<State> state_;
};

class ExperimentMonitor final : public http::PushSource {
 public:
  ExperimentMonitor(const MonitorParts& parts, std::span<const model::TrainingRun> runs,
                    std::optional<std::size_t> last_lines)
      : turns_(std::make_shared<Turns>(runs.size())), left_(runs.size()) {
    for (const auto& run : runs) {
      const auto offset = last_lines ? parts.logs.offset_of_last_lines(
                                           run.id, logstore::Stream::Training, *last_lines)
                                     : 0;
      trainings_.push_back({run.id.str(), run.manifest.name, monitor_run(parts, run.id, offset)});
    }
  }

  // The next frame of whichever training has one. Who spoke goes behind the others, so that a busy
  // log does not drown them; who has nothing to tell is not asked again before it says so.
  Chunk poll(std::size_t max) override {
    for (std::size_t asked = 0; asked < kMostAsked; ++asked) {
      const auto turn = turns_->take();
      if (!turn) return {"", left_ == 0};
      Training& training = trainings_[*turn];
      if (!training.source) continue;  // has ended
      const Chunk chunk = training.source->poll(max);
      if (chunk.end) {
        training.source.reset();
        --left_;
      } else if (!chunk.bytes.empty()) {
        turns_->note(*turn);
      }
      if (!chunk.bytes.empty()) return {renamed(training, chunk.bytes), false};
    }
    wake_();
    return {};
  }

  void on_ready(std::function<void()> wake) override {
    for (std::size_t i = 0; i < trainings_.size(); ++i) {
      trainings_[i].source->on_ready([turns = turns_, i, wake] {
        turns->note(i);
        wake();
      });
    }
    wake_ = std::move(wake);
  }

 private:
  struct Training {
    std::string id, name;
    std::shared_ptr<http::PushSource> source;  // null once it has ended
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

  std::vector<Training> trainings_;
  // Shared with the subscriptions, which may be called while this is taken down.
  const std::shared_ptr<Turns> turns_;
  std::size_t left_;  // that have not ended
  std::function<void()> wake_;
};

}  // namespace

std::shared_ptr<http::PushSource> monitor_experiment(const MonitorParts& parts,
                                                     std::span<const model::TrainingRun> runs,
                                                     std::optional<std::size_t> last_lines) {
  return std::make_shared<ExperimentMonitor>(parts, runs, last_lines);
}

}  // namespace trainyard::api
