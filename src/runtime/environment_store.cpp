#include "runtime/environment_store.hpp"

#include <fmt/format.h>

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

struct Entry {
  RuntimeSpec spec;
  EnvironmentState::Kind kind = EnvironmentState::Kind::Building;
  TimePoint since;  // of the build's start or its failure
  unsigned attempt = 1;
  std::string reason;
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
      entry = Entry{.spec = spec, .since = clock_.now(), .reason = ""};
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
    return {entry.kind, fmt::format("building the environment for {} for {}{}", entry.spec.label(),
                                    format_duration(clock_.now() - entry.since), tries)};
  }

  void work(std::stop_token stop) {
    while (true) {
      std::string id;
      RuntimeSpec spec;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return !queue_.empty(); });
        if (stop.stop_requested()) return;
        id = queue_.front();
        queue_.pop_front();
        spec = entries_.at(id).spec;
        entries_.at(id).since = clock_.now();
      }
      build(id, spec, stop);
      if (options_.on_change && !stop.stop_requested()) options_.on_change();
    }
  }

  void build(const std::string& id, const RuntimeSpec& spec, std::stop_token stop) {
    const BuildRequest request{.spec = spec,
                               .directory = options_.directory,
                               .log = log_path(spec),
                               .uv = options_.uv,
                               .timeout = options_.build_timeout};
    for (unsigned attempt = 1; !stop.stop_requested(); ++attempt) {
      set(id, [&](Entry& e) { e.attempt = attempt; });
      try {
        log::info("building the environment for {}", spec.label());
        build_environment(request, runner_, stop);
        set(id, [](Entry& e) { e.kind = EnvironmentState::Kind::Ready; });
        return;
      } catch (const std::exception& e) {
        log::warn("the environment for {} failed (try {}): {}", spec.label(), attempt, e.what());
        if (attempt >= options_.attempts || stop.stop_requested()) {
          set(id, [&](Entry& entry) {
            entry.kind = EnvironmentState::Kind::Failed;
            entry.reason = e.what();
            entry.since = clock_.now();
          });
          return;
        }
        clock_.sleep_for(options_.retry_delay * attempt, stop);
      }
    }
  }

  template <typename Fn>
  void set(const std::string& id, Fn&& change) {
    std::scoped_lock guard(mutex_);
    change(entries_.at(id));
  }

  const EnvironmentOptions options_;
  ProcessRunner& runner_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Entry> entries_;
  std::deque<std::string> queue_;
  std::jthread worker_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<EnvironmentStore> open_environment_store(EnvironmentOptions options,
                                                         ProcessRunner& runner, Clock& clock) {
  return std::make_unique<Store>(std::move(options), runner, clock);
}

}  // namespace trainyard::runtime
