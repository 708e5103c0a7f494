#include "scheduler/queue_forecast.hpp"

#include <utility>

#include "scheduler/queue_reader.hpp"

namespace trainyard::scheduler {
namespace {

constexpr Milliseconds kFreshFor{1000};
constexpr std::size_t kPage = 1000;
// The environments of so many runs from the head of the queue are asked for, and the one of the run
// in question.
constexpr std::size_t kReadinessAsked = 256;

}  // namespace

std::optional<WaitReason> QueueForecast::why(const model::TrainingRun& run) {
  const auto forecast = current();
  const auto found = forecast->indices.find(run.id);
  if (found == forecast->indices.end()) return std::nullopt;
  const std::size_t index = found->second;
  if (index >= kReadinessAsked) {
    const Readiness own = readiness_(run);
    if (own.state != Readiness::State::Ready) {
      QueueView view = forecast->view;
      view.queue[index].readiness = own;
      return explain(predict(std::move(view)), index, clock_.now());
    }
  }
  return explain(*forecast, index, clock_.now());
}

std::shared_ptr<const Forecast> QueueForecast::current() {
  if (!revision_) return std::make_shared<const Forecast>(read());
  auto kept = kept_.lock();
  const std::uint64_t revision = revision_();
  const TimePoint now = clock_.now();
  const bool fresh = kept->revision == revision && now >= kept->at && now - kept->at < kFreshFor;
  if (!kept->forecast || !fresh) {
    *kept = {std::make_shared<const Forecast>(read()), revision, now};
  }
  return kept->forecast;
}

Forecast QueueForecast::read() {
  QueueView view{engine_.capacity(), briefs_of(active_runs(runs_)), {}};
  QueueReader reader(runs_, kPage);
  for (auto page = reader.next_page(); !page.empty(); page = reader.next_page()) {
    for (const auto& run : page) {
      const bool asked = view.queue.size() < kReadinessAsked;
      view.queue.push_back({brief_of(run), asked ? readiness_(run) : Readiness{}});
    }
  }
  return predict(std::move(view));
}

Forecast QueueForecast::predict(QueueView view) {
  return make_forecast(std::move(view), clock_.now(),
                       [this](const RunBrief& brief) { return durations_.usual(brief); });
}

}  // namespace trainyard::scheduler
