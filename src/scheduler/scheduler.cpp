#include "scheduler/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "scheduler/back_off.hpp"
#include "scheduler/learner_starts.hpp"
#include "scheduler/learner_watch.hpp"
#include "scheduler/queue_forecast.hpp"
#include "scheduler/queue_plan.hpp"
#include "scheduler/queue_reader.hpp"
#include "scheduler/restart_pause.hpp"

namespace trainyard::scheduler {

namespace {

constexpr Milliseconds kFirstRetry{50};
constexpr Milliseconds kLongestRetry{30'000};

class SchedulerLoop final : public Scheduler {
 public:
  SchedulerLoop(repository::RunRepository& runs, engine::ComputeEngine& engine, RuntimeGate& gate,
                Clock& clock, SchedulerOptions options)
      : runs_(runs),
        engine_(engine),
        gate_(gate),
        clock_(clock),
        options_(std::move(options)),
        watch_(runs, engine, clock),
        starts_(runs, engine, clock, options_),
        forecast_(runs, engine, clock, options_.record_revision,
                  [this](const model::TrainingRun& run) { return readiness(run); }) {}

  void start() override;
  void wake() override;
  void tick() override;
  std::optional<WaitReason> why(const model::RunId& id) override;
  std::vector<SlotUse> slots() override;
  engine::Capacity capacity() override { return engine_.capacity(); }

 private:
  enum class After { Rest, LookAgain };

  void loop(const std::stop_token& stop);
  void rest(const std::stop_token& stop);
  After round();
  void tell_cancels(const std::vector<model::TrainingRun>& active);
  After care_for(const std::vector<model::TrainingRun>& active);
  After dispatch(const model::TrainingRun& run, std::vector<std::string> slots);
  After serve_queue(const std::vector<model::TrainingRun>& active);
  Readiness readiness(const model::TrainingRun& run);

  repository::RunRepository& runs_;
  engine::ComputeEngine& engine_;
  RuntimeGate& gate_;
  Clock& clock_;
  const SchedulerOptions options_;
  LearnerWatch watch_;
  LearnerStarts starts_;
  QueueForecast forecast_;
  std::set<std::pair<model::RunId, unsigned>> told_;  // attempts that were told to cancel

  std::mutex mutex_;
  std::condition_variable_any woken_changed_;
  bool woken_ = false;
  std::jthread thread_;  // last: stopped and joined before the rest goes
};

// ---- the thread -------------------------------------------------------------------------------

void SchedulerLoop::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void SchedulerLoop::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  woken_changed_.notify_one();
}

void SchedulerLoop::tick() { round(); }

void SchedulerLoop::loop(const std::stop_token& stop) {
  unsigned failures = 0;
  while (!stop.stop_requested()) {
    try {
      const After after = round();
      failures = 0;
      if (after == After::Rest) rest(stop);
    } catch (const std::exception& e) {
      const Milliseconds delay = back_off(failures++, kFirstRetry, kLongestRetry);
      log::error("a round of the scheduler failed, the next is in {}: {}", format_duration(delay),
                 e.what());
      clock_.sleep_for(delay, stop);
    }
  }
}

void SchedulerLoop::rest(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  woken_changed_.wait_for(lock, stop, options_.tick, [this] { return woken_; });
  woken_ = false;
}

// ---- a round ----------------------------------------------------------------------------------

SchedulerLoop::After SchedulerLoop::round() {
  auto active = active_runs(runs_);
  if (watch_.look(active)) active = active_runs(runs_);
  starts_.keep_only(active);
  tell_cancels(active);
  const After cared = care_for(active);
  const After served = serve_queue(active);
  return cared == After::LookAgain ? cared : served;
}

void SchedulerLoop::tell_cancels(const std::vector<model::TrainingRun>& active) {
  std::set<std::pair<model::RunId, unsigned>> told;
  for (const auto& run : active) {
    if (!run.status.cancel_requested || run.status.handle.empty()) continue;
    const std::pair attempt(run.id, run.status.attempt);
    try {
      if (!told_.contains(attempt)) engine_.cancel(run.status.handle, options_.cancel_grace);
      told.insert(attempt);
    } catch (const Error& e) {
      log::warn("cannot tell the learner of {} to cancel: {}", run.id.str(), e.what());
    }
  }
  told_ = std::move(told);
}

// What was begun and is not finished: recoveries to dispatch, learners to start.
SchedulerLoop::After SchedulerLoop::care_for(const std::vector<model::TrainingRun>& active) {
  After after = After::Rest;
  for (const auto& run : active) {
    if (run.status.phase == model::Phase::Recovering) {
      if (restart_pause(run, clock_.now()) > Milliseconds(0)) continue;
      if (dispatch(run, {}) == After::LookAgain) after = After::LookAgain;
    } else if (run.status.handle.empty()) {
      starts_.start(run);
    }
  }
  return after;
}

SchedulerLoop::After SchedulerLoop::dispatch(const model::TrainingRun& run,
                                             std::vector<std::string> slots) {
  try {
    const model::Dispatched event{run.status.attempt + 1, std::move(slots)};
    starts_.start(runs_.append(run.id, event, run.version, clock_.now()));
    return After::Rest;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict && e.kind() != ErrorKind::NotFound) throw;
    return After::LookAgain;  // canceled or deleted since it was read
  }
}

SchedulerLoop::After SchedulerLoop::serve_queue(const std::vector<model::TrainingRun>& active) {
  QueueReader reader(runs_);
  auto page = reader.next_page();
  if (page.empty()) return After::Rest;  // without asking the engine what is free
  QueueView view{engine_.capacity(), briefs_of(active), {}};
  std::vector<model::TrainingRun> queue;
  Plan decided;
  for (; !page.empty() && decided.open; page = reader.next_page()) {
    for (auto& run : page) {
      view.queue.push_back({brief_of(run), readiness(run)});
      queue.push_back(std::move(run));
    }
    decided = plan(view);
  }
  After after = After::Rest;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const Placement& placement = decided.placements[i];
    if (placement.outlook != Outlook::Start && placement.outlook != Outlook::Fail) continue;
    if (dispatch(queue[i], placement.slots) == After::LookAgain) after = After::LookAgain;
  }
  return after;
}

// ---- questions --------------------------------------------------------------------------------

std::optional<WaitReason> SchedulerLoop::why(const model::RunId& id) {
  const auto run = runs_.find(id);
  if (!run || model::is_terminal(run->status.state)) return std::nullopt;
  if (run->status.phase != model::Phase::Queued) {
    if (const auto pause = restart_pause(*run, clock_.now()); pause > Milliseconds(0)) {
      return WaitReason{0, restart_text(*run, pause), {}, std::nullopt};
    }
    const auto trouble = starts_.trouble(id);
    if (!trouble) return std::nullopt;
    return WaitReason{0, "its learner " + *trouble, {}, std::nullopt};
  }
  return forecast_.why(*run);
}

Readiness SchedulerLoop::readiness(const model::TrainingRun& run) {
  const Milliseconds pause = restart_pause(run, clock_.now());
  if (pause == Milliseconds(0)) return ask(gate_, run);
  return {Readiness::State::Paused, restart_text(run, pause)};
}

std::vector<SlotUse> SchedulerLoop::slots() {
  std::map<std::string, model::RunId> holders;
  for (const auto& run : active_runs(runs_))
    for (const auto& slot : run.status.slots) holders.emplace(slot, run.id);
  std::vector<SlotUse> result;
  for (auto& slot : engine_.capacity().slots) {
    const auto holder = holders.find(slot.id);
    result.push_back(
        {std::move(slot), holder == holders.end() ? std::nullopt : std::optional(holder->second)});
  }
  return result;
}

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(repository::RunRepository& runs,
                                          engine::ComputeEngine& engine, RuntimeGate& gate,
                                          Clock& clock, SchedulerOptions options) {
  return std::make_unique<SchedulerLoop>(runs, engine, gate, clock, std::move(options));
}

}  // namespace trainyard::scheduler
