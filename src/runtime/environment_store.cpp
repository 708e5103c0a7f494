#include "runtime/environment_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "runtime/environment_builder.hpp"

namespace trainyard::runtime {
namespace {

using Steady = std::chrono::steady_clock;

struct Entry {
  RuntimeSpec spec;
  EnvironmentState::Kind kind = EnvironmentState::Kind::Building;
  TimePoint since;         // it was asked for, or failed for good
  unsigned attempt = 1;    // the one that runs, or comes next
  std::string reason;      // of the last failure
  Steady::time_point due;  // not to be tried before
};

class Store final : public EnvironmentStore {
 public:
  Store(EnvironmentOptions options, ProcessRunner& runner, Clock& clock)
      : options_(std::move(options)), runner_(runner), clock_(clock) {
    make_private_dir(options_.directory);
    // Runs may have another user than the service: they read environments, nothing else.
    fs::permissions(options_.directory, fs::perms(0755));
    worker_ = std::jthread([this](std::stop_token stop) { work(stop); });
  }

  EnvironmentState ensure(const RuntimeSpec& spec) override {
    if (is_ready(spec)) return {EnvironmentState::Kind::Ready, ""};
    std::scoped_lock guard(mutex_);
    const std::string id = spec.environment_id();
    auto [found, added] = entries_.try_emplace(id);
    Entry& entry = found->second;
    const bool again = entry.kind == EnvironmentState::Kind::Failed &&
                       clock_.now() - entry.since >= options_.remember_failure;
    const bool vanished = entry.kind == EnvironmentState::Kind::Ready;
    if (added || again || vanished) {
      entry = Entry{.spec = spec, .since = clock_.now(), .reason = "", .due = Steady::now()};
      queue_.push_back(id);
      changed_.notify_one();
    }
    return describe(entry);
  }

  bool is_ready(const RuntimeSpec& spec) const override {
    return environment_ready(options_.directory, spec.environment_id());
  }
  fs::path path(const RuntimeSpec& spec) const override {
    return environment_path(options_.directory, spec.environment_id());
  }
  fs::path log_path(const RuntimeSpec& spec) const override {
    return options_.directory / (spec.environment_id() + ".log");
  }

 private:
  EnvironmentState describe(const Entry& entry) const {
    if (entry.kind == EnvironmentState::Kind::Failed) {
      return {entry.kind, fmt::format("the environment for {} could not be built: {}",
                                      entry.spec.label(), entry.reason)};
    }
    const auto tries =
        entry.attempt > 1 ? fmt::format(", try {} of {}", entry.attempt, options_.attempts) : "";
    const auto text = fmt::format("building the environment for {} for {}{}", entry.spec.label(),
                                  format_duration(clock_.now() - entry.since), tries);
    return {entry.kind, text + obstacle(entry)};
  }

  // Why an entry that is not built now is not.
  std::string obstacle(const Entry& entry) const {
    if (building_.empty()) {
      const auto pause = std::chrono::ceil<std::chrono::seconds>(entry.due - Steady::now());
      return entry.attempt > 1 && pause.count() > 0
                 ? fmt::format(" in {} (the last one: {})", format_duration(pause),
                               entry.reason.substr(entry.reason.rfind('\n') + 1))
                 : "";
    }
    if (building_ == entry.spec.environment_id()) return "";
    return fmt::format(" (after the one for {})", entries_.at(building_).spec.label());
  }

  void work(std::stop_token stop) {
    while (auto id = next(stop)) {
      const bool ended = build(*id, stop);
      if (ended && options_.on_change && !stop.stop_requested()) options_.on_change();
    }
  }

  // The first of the queue that is due, waiting for one; nullopt at a stop. A pause between two
  // tries of one environment holds up none of the others.
  std::optional<std::string> next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto due = [&](const std::string& id) { return entries_.at(id).due; };
      const auto first = std::ranges::min_element(queue_, {}, due);
      if (first == queue_.end()) {
        changed_.wait(lock, stop, [&] { return !queue_.empty(); });
      } else if (const auto at = due(*first); at > Steady::now()) {
        const auto known = queue_.size();
        changed_.wait_until(lock, stop, at, [&] { return queue_.size() != known; });
      } else {
        building_ = *first;
        queue_.erase(first);
        return building_;
      }
    }
    return std::nullopt;
  }

  // One try; false when there is to be another.
  bool build(const std::string& id, std::stop_token stop) {
    const Entry entry = [&] {
      std::scoped_lock guard(mutex_);
      return entries_.at(id);
    }();
    const RuntimeSpec& spec = entry.spec;
    log::info("building the environment for {}", spec.label());
    try {
      build_environment({.spec = spec,
                         .directory = options_.directory,
                         .log = log_path(spec),
                         .uv = options_.uv,
                         .timeout = options_.build_timeout},
                        runner_, stop);
      succeeded(id);
      return true;
    } catch (const std::exception& e) {
      log::warn("the environment for {} failed (try {}): {}", spec.label(), entry.attempt,
                e.what());
      return failed(id, e.what());
    }
  }

  void succeeded(const std::string& id) {
    std::scoped_lock guard(mutex_);
    building_.clear();
    entries_.at(id).kind = EnvironmentState::Kind::Ready;
  }

  bool failed(const std::string& id, std::string reason) {
    std::scoped_lock guard(mutex_);
    building_.clear();
    Entry& entry = entries_.at(id);
    entry.reason = std::move(reason);
    if (entry.attempt >= options_.attempts) {
      entry.kind = EnvironmentState::Kind::Failed;
      entry.since = clock_.now();
      return true;
    }
    entry.due = Steady::now() + options_.retry_delay * entry.attempt;
    ++entry.attempt;
    queue_.push_back(id);
    return false;
  }

  const EnvironmentOptions options_;
  ProcessRunner& runner_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Entry> entries_;
  std::deque<std::string> queue_;
  std::string building_;  // an id, or empty
  std::jthread worker_;   // last: it uses all of the above
};

}  // namespace

std::unique_ptr<EnvironmentStore> open_environment_store(EnvironmentOptions options,
                                                         ProcessRunner& runner, Clock& clock) {
  return std::make_unique<Store>(std::move(options), runner, clock);
}

}  // namespace trainyard::runtime
