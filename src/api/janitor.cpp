#include "api/janitor.hpp"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "api/run_hub.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "wire/definition.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kBatch = 500;

class JanitorThread final : public Janitor {
 public:
  JanitorThread(JanitorOptions options, JanitorParts parts)
      : options_(std::move(options)), parts_(std::move(parts)) {
    make_private_dir(options_.directory);
    for (const auto& entry : fs::directory_iterator(options_.directory)) {
      if (auto id = model::RunId::parse(entry.path().filename().string())) marked_.insert(*id);
    }
  }

  void start() override {
    thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
  }

  void remove(const std::vector<model::RunId>& runs) override {
    std::vector<model::RunId> ended;
    for (const auto& run : runs) {
      if (has_ended_now(run)) ended.push_back(run);
    }
    erase(ended);
  }

  void run_ended(const model::RunId& run) override {
    std::scoped_lock guard(mutex_);
    if (!marked_.contains(run)) return;
    asked_ = true;
    changed_.notify_all();
  }

  void tick() override {
    std::vector<model::RunId> ended;
    for (const auto& run : marked()) {
      const auto record = parts_.runs.find(run);
      if (!record || model::is_terminal(record->status.state)) ended.push_back(run);
    }
    erase(ended);
    remove_expired();
    parts_.contents.sweep(parts_.definitions.used_contents());
  }

 private:
  void work(std::stop_token stop) {
    while (!stop.stop_requested()) {
      try {
        tick();
      } catch (const std::exception& e) {
        log::warn("cleaning up failed and will be tried again: {}", e.what());
      }
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, options_.tick, [&] { return asked_; });
      asked_ = false;
    }
  }

  void remove_expired() {
    repository::RunQuery query;
    query.finished_before = parts_.clock.now() - options_.retention;
    query.limit = kBatch;
    while (true) {
      const auto page = parts_.runs.list(query);
      std::vector<model::RunId> expired;
      for (const auto& run : page.runs) {
        const bool unsaved = parts_.has_unsaved_results && parts_.has_unsaved_results(run.id);
        if (!unsaved) expired.push_back(run.id);
      }
      erase(expired);
      if (page.next.empty()) return;
      query.start_after = page.next;
    }
  }

  // True when it has ended, by this call if it was waiting; else it is marked and asked to end.
  bool has_ended_now(const model::RunId& run) {
    auto record = parts_.runs.find(run);
    if (!record) return false;
    if (model::is_terminal(record->status.state)) return true;
    mark(run);
    record = repository::append_retrying(parts_.runs, run, model::CancelRequested{record->owner},
                                         parts_.clock.now());
    parts_.wake_scheduler();
    return model::is_terminal(record->status.state);
  }

  // Traces first, the record last: what is interrupted is found and done again.
  void erase(const std::vector<model::RunId>& runs) {
    if (runs.empty()) return;
    std::set<std::string> definitions;
    for (const auto& run : runs) {
      const auto record = parts_.runs.find(run);
      if (record) definitions.insert(record->definition_id);
      parts_.forget(run);
      parts_.logs.remove(run);
      parts_.hub.forget(run);
    }
    parts_.runs.remove(runs);
    for (const auto& id : definitions) remove_definition(id);
    for (const auto& run : runs) {
      log::info("removed the history of {}", run.str());
      parts_.hub.changed(run);
      unmark(run);
    }
  }

  void remove_definition(const std::string& id) {
    const auto definition = parts_.definitions.find(id);
    if (definition && definition->extra_json == wire::kForOneRun) parts_.definitions.remove(id);
  }

  void mark(const model::RunId& run) {
    write_file_atomic(options_.directory / run.str(), "");
    std::scoped_lock guard(mutex_);
    marked_.insert(run);
  }
  void unmark(const model::RunId& run) {
    fs::remove(options_.directory / run.str());
    std::scoped_lock guard(mutex_);
    marked_.erase(run);
  }
  std::set<model::RunId> marked() {
    std::scoped_lock guard(mutex_);
    return marked_;
  }

  const JanitorOptions options_;
  const JanitorParts parts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<model::RunId> marked_;
  bool asked_ = false;
  std::jthread thread_;  // last
};

}  // namespace

std::unique_ptr<Janitor> make_janitor(JanitorOptions options, JanitorParts parts) {
  return std::make_unique<JanitorThread>(std::move(options), std::move(parts));
}

}  // namespace trainyard::api
