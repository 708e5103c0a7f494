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

  void remove(const model::RunId& run) override {
    auto record = parts_.runs.find(run);
    if (!record) return;
    if (!model::is_terminal(record->status.state)) {
      mark(run);
      record = repository::append_retrying(parts_.runs, run, model::CancelRequested{record->owner},
                                           parts_.clock.now());
      parts_.wake_scheduler();
    }
    if (model::is_terminal(record->status.state)) erase(run);
  }

  void run_ended(const model::RunId& run) override {
    std::scoped_lock guard(mutex_);
    if (!marked_.contains(run)) return;
    asked_ = true;
    changed_.notify_all();
  }

  void tick() override {
    for (const auto& run : marked()) {
      const auto record = parts_.runs.find(run);
      if (!record || model::is_terminal(record->status.state)) erase(run);
    }
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
      for (const auto& run : page.runs) {
        const bool unsaved = parts_.has_unsaved_results && parts_.has_unsaved_results(run.id);
        if (!unsaved) erase(run.id);
      }
      if (page.next.empty()) return;
      query.start_after = page.next;
    }
  }

  // Traces first, the record last: what is interrupted is found and done again.
  void erase(const model::RunId& run) {
    const auto record = parts_.runs.find(run);
    parts_.forget(run);
    parts_.logs.remove(run);
    parts_.hub.forget(run);
    if (record) {
      parts_.runs.remove(run);
      remove_definition(record->definition_id);
      log::info("removed the history of {}", run.str());
    }
    parts_.hub.changed(run);
    unmark(run);
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
