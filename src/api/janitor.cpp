#include "api/janitor.hpp"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

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
    Sorted sorted;
    sort(runs, sorted);
    // The queue may move meanwhile: each turn leaves fewer that wait.
    while (!erase_waiting(sorted.waiting)) sort(ids_of(std::exchange(sorted.waiting, {})), sorted);
    for (const auto& id : sorted.live) {
      auto run = end(id);
      if (run && model::is_terminal(run->status.state)) sorted.ended.push_back(std::move(*run));
    }
    erase(sorted.ended);
  }

  void run_ended(const model::RunId& run) override {
    std::scoped_lock guard(mutex_);
    if (!marked_.contains(run)) return;
    asked_ = true;
    changed_.notify_all();
  }

  void tick() override {
    std::vector<model::TrainingRun> ended;
    for (const auto& id : marked()) {
      auto run = parts_.runs.find(id);
      if (!run) {
        unmark(id);
      } else if (model::is_terminal(run->status.state)) {
        ended.push_back(std::move(*run));
      }
    }
    erase(ended);
    remove_expired();
    parts_.contents.sweep(parts_.definitions.used_contents());
  }

 private:
  struct Sorted {
    std::vector<model::TrainingRun> waiting, ended;
    std::vector<model::RunId> live;
  };

  // Adds the runs that there still are.
  void sort(const std::vector<model::RunId>& runs, Sorted& into) {
    for (const auto& id : runs) {
      auto run = parts_.runs.find(id);
      if (!run) continue;
      if (model::is_terminal(run->status.state)) {
        into.ended.push_back(std::move(*run));
      } else if (run->status.attempt == 0) {
        into.waiting.push_back(std::move(*run));
      } else {
        into.live.push_back(id);
      }
    }
  }

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
      auto page = parts_.runs.list(query);
      std::vector<model::TrainingRun> expired;
      for (auto& run : page.runs) {
        const bool unsaved = parts_.has_unsaved_results && parts_.has_unsaved_results(run.id);
        if (!unsaved) expired.push_back(std::move(run));
      }
      erase(expired);
      if (page.next.empty()) return;
      query.start_after = page.next;
    }
  }

  static std::vector<model::RunId> ids_of(const std::vector<model::TrainingRun>& runs) {
    std::vector<model::RunId> ids;
    for (const auto& run : runs) ids.push_back(run.id);
    return ids;
  }

  // Marked and asked to end; as it is after that.
  std::optional<model::TrainingRun> end(const model::RunId& id) {
    const auto run = parts_.runs.find(id);
    if (!run || model::is_terminal(run->status.state)) return run;
    mark(id);
    auto after = repository::append_retrying(parts_.runs, id, model::CancelRequested{run->owner},
                                             parts_.clock.now());
    parts_.wake_scheduler();
    return after;
  }

  // False when one of them was dispatched meanwhile; then none is removed. They have no traces that
  // could be left behind, so that the record may go first.
  bool erase_waiting(const std::vector<model::TrainingRun>& runs) {
    if (runs.empty()) return true;
    try {
      parts_.runs.remove(ids_of(runs));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Conflict) throw;
      return false;
    }
    for (const auto& run : runs) remove_traces(run.id);
    tell_removed(runs);
    return true;
  }

  // Traces first, the record last: what is interrupted is found and done again.
  void erase(const std::vector<model::TrainingRun>& runs) {
    if (runs.empty()) return;
    for (const auto& run : runs) remove_traces(run.id);
    parts_.runs.remove(ids_of(runs));
    tell_removed(runs);
  }

  void remove_traces(const model::RunId& run) {
    parts_.forget(run);
    parts_.logs.remove(run);
    parts_.hub.forget(run);
  }

  void tell_removed(const std::vector<model::TrainingRun>& runs) {
    std::set<std::string> definitions;
    for (const auto& run : runs) definitions.insert(run.definition_id);
    for (const auto& id : definitions) remove_definition(id);
    for (const auto& run : runs) {
      log::info("removed the history of {}", run.id.str());
      parts_.hub.changed(run.id);
      unmark(run.id);
    }
  }

  void remove_definition(const std::string& id) {
    const auto versions = parts_.definitions.versions(id);
    const bool for_one_run = versions.size() == 1 && versions[0].extra_json == wire::kForOneRun;
    if (for_one_run) parts_.definitions.remove(id);
  }

  void mark(const model::RunId& run) {
    write_file_atomic(options_.directory / run.str(), "");
    std::scoped_lock guard(mutex_);
    marked_.insert(run);
  }
  void unmark(const model::RunId& run) {
    std::scoped_lock guard(mutex_);
    if (!marked_.contains(run)) return;
    fs::remove(options_.directory / run.str());
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
