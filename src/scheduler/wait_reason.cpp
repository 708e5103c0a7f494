#include "scheduler/wait_reason.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.hpp"
#include "model/sizes.hpp"

namespace trainyard::scheduler {

namespace {

constexpr std::size_t kNamedAtMost = 5;

std::string named(const RunBrief& run) {
  return run.name.empty() ? run.id.str()
                          : fmt::format("{} ({})", run.id.str(), printable(run.name, 60));
}

// The first few, and how many more there are.
std::string enumerate(std::vector<std::string> parts) {
  if (parts.size() > kNamedAtMost + 1) {
    const auto more = parts.size() - kNamedAtMost;
    parts.resize(kNamedAtMost);
    parts.push_back(fmt::format("and {} more", more));
  }
  return join(parts, ", ");
}

bool is_held(const QueueView& view, const std::string& slot) {
  return std::any_of(view.active.begin(), view.active.end(), [&](const ActiveRun& active) {
    return std::find(active.held.begin(), active.held.end(), slot) != active.held.end();
  });
}

bool is_short(const Forecast& forecast, std::size_t index) {
  return forecast.view.queue[index].run.slots > forecast.placements[index].free;
}

class Explanation {
 public:
  Explanation(const Forecast& forecast, std::size_t index)
      : forecast_(forecast),
        view_(forecast.view),
        index_(index),
        placements_(forecast.placements) {}

  WaitReason reason() const {
    WaitReason reason;
    reason.place = forecast_.places[index_];
    reason.message = message();
    reason.blocked_by = blocked_by();
    return reason;
  }
  Outlook outlook() const { return placements_[index_].outlook; }

 private:
  const QueuedRun& run() const { return view_.queue[index_]; }
  std::string slots(std::size_t count) const { return count_slots(count, view_.capacity.gpus); }
  bool is_short(std::size_t index) const { return scheduler::is_short(forecast_, index); }

  // The run that keeps this one from starting: itself, or the first that is short.
  std::size_t gate() const { return outlook() == Outlook::Behind ? forecast_.gate : index_; }

  std::string message() const {
    switch (outlook()) {
      case Outlook::Start:
        return fmt::format("starts now on {}", enumerate(placements_[index_].slots));
      case Outlook::Fail:
        return fmt::format("its environment could not be made: {}; it ends with that verdict now",
                           run().readiness.detail);
      case Outlook::Never:
        return never();
      case Outlook::Behind:
        return behind();
      case Outlook::Building:
      case Outlook::Short:
        return what_holds(index_);
    }
    return {};
  }

  std::string never() const {
    const std::size_t total = view_.capacity.slots.size();
    const std::string fits = sizes_that_fit(total);
    return fmt::format("needs {} and this machine has {}: cancel it and submit it with {}",
                       slots(run().run.slots), total,
                       fits.empty() ? "fewer" : "a size that fits (" + fits + ")");
  }

  std::string behind() const {
    const std::size_t blocker = gate();
    const std::string text = fmt::format("waits behind {}: that one {}",
                                         named(view_.queue[blocker].run), what_holds(blocker));
    const Readiness& own = run().readiness;
    if (!own.delayed()) return text;
    const bool paused = own.state == Readiness::State::Paused;
    return fmt::format("{}; meanwhile {}{}", text,
                       paused ? "" : "its environment is being made: ", own.detail);
  }

  std::string what_holds(std::size_t index) const {
    const QueuedRun& queued = view_.queue[index];
    if (!queued.readiness.delayed()) return shortage(index);
    const bool paused = queued.readiness.state == Readiness::State::Paused;
    const auto text = fmt::format(
        "{}{}", paused ? "waits: " : "waits for its environment: ", queued.readiness.detail);
    return is_short(index) ? fmt::format("{}; then it {}", text, shortage(index)) : text;
  }

  // "needs 2 GPUs and 1 of 4 is free: training-a (mnist) holds 2, GPU-3 is busy: pid 4711 …"
  std::string shortage(std::size_t index) const {
    const RunBrief& run = view_.queue[index].run;
    const std::size_t free = placements_[index].free;
    auto text = fmt::format("needs {} and {} of {} {} free", slots(run.slots), free,
                            view_.capacity.slots.size(), free == 1 ? "is" : "are");
    const auto users = slot_users(index);
    if (!users.empty()) text += ": " + enumerate(users);
    if (free > 0 && index == index_)
      text += fmt::format("; with {} it would start now", slots(free));
    return text;
  }

  std::vector<std::string> slot_users(std::size_t index) const {
    std::vector<std::string> users;
    for (const ActiveRun& active : view_.active)
      if (!active.held.empty())
        users.push_back(fmt::format("{} holds {}", named(active.run), active.held.size()));
    for (std::size_t i = 0; i < index; ++i)
      if (placements_[i].outlook == Outlook::Building || placements_[i].outlook == Outlook::Start)
        users.push_back(kept_for(i));
    for (const engine::Slot& slot : view_.capacity.slots)
      if (!slot.unavailable.empty() && !is_held(view_, slot.id))
        users.push_back(fmt::format("{} is {}", slot.id, slot.unavailable));
    return users;
  }

  std::string kept_for(std::size_t index) const {
    const RunBrief& run = view_.queue[index].run;
    std::string_view why = "which starts now";
    if (placements_[index].outlook == Outlook::Building) {
      const bool paused = view_.queue[index].readiness.state == Readiness::State::Paused;
      why = paused ? "whose learner is started again soon" : "whose environment is being made";
    }
    return fmt::format("{} {} kept for {}, {}", run.slots, run.slots == 1 ? "is" : "are",
                       named(run), why);
  }

  std::vector<model::RunId> blocked_by() const {
    std::vector<model::RunId> ids;
    const std::size_t blocker = gate();
    if (blocker != index_) ids.push_back(view_.queue[blocker].run.id);
    if (!is_short(blocker) || outlook() == Outlook::Never || outlook() == Outlook::Fail) return ids;
    for (const ActiveRun& active : view_.active)
      if (!active.held.empty()) ids.push_back(active.run.id);
    return ids;
  }

  const Forecast& forecast_;
  const QueueView& view_;
  std::size_t index_;
  const std::vector<Placement>& placements_;
};

bool is_gate(const Forecast& forecast, std::size_t index) {
  const Outlook outlook = forecast.placements[index].outlook;
  return outlook == Outlook::Short || (outlook == Outlook::Building && is_short(forecast, index));
}

bool in_line(const Placement& placement) {
  return placement.outlook != Outlook::Never && placement.outlook != Outlook::Fail;
}

}  // namespace

std::string count_slots(std::size_t count, bool gpus) {
  return fmt::format("{} {}{}", count, gpus ? "GPU" : "CPU slot", count == 1 ? "" : "s");
}

std::string sizes_that_fit(std::size_t slots) {
  std::vector<std::string> names;
  for (const model::Size& size : model::sizes())
    if (size.gpus <= slots) names.emplace_back(size.name);
  return join(names, ", ");
}

Forecast make_forecast(QueueView view, TimePoint now, const UsualDuration& usual) {
  Forecast forecast;
  forecast.view = std::move(view);
  forecast.placements = plan(forecast.view).placements;
  const std::size_t size = forecast.view.queue.size();
  forecast.gate = size;
  std::size_t before = 0;
  for (std::size_t i = 0; i < size; ++i) {
    forecast.places.push_back(before + 1);
    if (in_line(forecast.placements[i])) ++before;
    if (forecast.gate == size && is_gate(forecast, i)) forecast.gate = i;
    forecast.indices.emplace(forecast.view.queue[i].run.id, i);
  }
  forecast.starts = estimate_starts(forecast.view, forecast.placements, now, usual);
  return forecast;
}

WaitReason explain(const Forecast& forecast, std::size_t index, TimePoint now) {
  const Explanation explanation(forecast, index);
  WaitReason reason = explanation.reason();
  const Outlook outlook = explanation.outlook();
  if (outlook != Outlook::Short && outlook != Outlook::Behind && outlook != Outlook::Building)
    return reason;
  if (const auto& start = forecast.starts[index]) reason.estimate = std::max(*start, now);
  reason.message += reason.estimate ? fmt::format("; it may start in about {}",
                                                  format_duration(*reason.estimate - now))
                                    : "; nothing is known yet to say for how long";
  return reason;
}

}  // namespace trainyard::scheduler
