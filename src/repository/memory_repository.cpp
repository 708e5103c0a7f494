#include "repository/memory_repository.hpp"

#include <algorithm>

#include "repository/memory_records.hpp"
#include "repository/record.hpp"

namespace trainyard::repository {
namespace {

template <typename T>
bool is_wanted(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

bool matches(const RunQuery& query, const model::TrainingRun& run) {
  if (!is_wanted(query.states, run.status.state)) return false;
  if (!is_wanted(query.phases, run.status.phase)) return false;
  if (query.owner && run.owner != *query.owner) return false;
  if (query.id && run.id != *query.id) return false;
  if (!query.finished_before) return true;
  return run.status.finished_at && *run.status.finished_at < *query.finished_before;
}

bool comes_before(Order order, const model::TrainingRun& a, const model::TrainingRun& b) {
  if (order == Order::ById) return a.id < b.id;
  if (order == Order::BySubmission) return a.queue_order < b.queue_order;
  return a.queue_order > b.queue_order;
}

bool is_after(Order order, const RunCursor& cursor, const model::TrainingRun& run) {
  if (order == Order::ById) return run.id.str() > cursor.id;
  if (order == Order::BySubmission) return run.queue_order > cursor.queue_order;
  return run.queue_order < cursor.queue_order;
}

class MemoryRunRepository final : public RunRepository {
 public:
  explicit MemoryRunRepository(SharedRecords records) : records_(std::move(records)) {}

  model::TrainingRun create(const NewRun& created, TimePoint now) override {
    auto records = records_->lock();
    if (created.idempotency_key) {
      const auto* existing = find_by_key(*records, created.owner, *created.idempotency_key, now);
      if (existing != nullptr) return *existing;
    }
    if (const auto found = records->runs.find(created.id); found != records->runs.end()) {
      check_same_content(found->second, created);
      return found->second;
    }
    const model::TrainingRun& run = records->insert(first_version(created, now));
    if (created.idempotency_key) {
      const RequestKey& key = *created.idempotency_key;
      records->keys[{created.owner, key.key}] = {.run = run.id, .at = now, .asked = key.asked};
    }
    return run;
  }

  std::optional<model::TrainingRun> find(const model::RunId& id) override {
    auto records = records_->lock();
    const auto found = records->runs.find(id);
    if (found == records->runs.end()) return std::nullopt;
    return found->second;
  }

  std::optional<model::TrainingRun> find_by_key(const std::string& owner, const RequestKey& key,
                                                TimePoint now) override {
    auto records = records_->lock();
    const auto* existing = find_by_key(*records, owner, key, now);
    return existing == nullptr ? std::nullopt : std::optional(*existing);
  }

  RunPage list(const RunQuery& query) override {
    check_limit(query.limit);
    const auto cursor = decode_cursor(query.order, query.start_after);
    RunPage page;
    records_->with([&](const Records& records) {
      for (const auto& [id, run] : records.runs) {
        if (matches(query, run) && (!cursor || is_after(query.order, *cursor, run))) {
          page.runs.push_back(run);
        }
      }
    });
    std::ranges::sort(page.runs, [&](const model::TrainingRun& a, const model::TrainingRun& b) {
      return comes_before(query.order, a, b);
    });
    if (page.runs.size() > query.limit) {
      page.runs.resize(query.limit);
      page.next = encode_cursor(query.order, page.runs.back());
    }
    if (query.detail == RunDetail::Brief) std::ranges::for_each(page.runs, make_brief);
    if (query.detail == RunDetail::Shown) {
      for (auto& run : page.runs) page.shown_manifests.push_back(make_shown(run));
    }
    return page;
  }

  LiveRuns count_live() override {
    LiveRuns live;
    auto records = records_->lock();
    for (const auto& [id, run] : records->runs) {
      if (!model::is_terminal(run.status.state)) add(live, run.status.phase, run.status.state, 1);
    }
    return live;
  }

  model::TrainingRun append(const model::RunId& id, const model::Event& event,
                            std::uint64_t expected_version, TimePoint now) override {
    auto records = records_->lock();
    const auto found = records->runs.find(id);
    if (found == records->runs.end()) throw_no_run(id);
    auto after = after_event(found->second, event, expected_version, now);
    if (!after) return found->second;
    return records->change(std::move(*after), event);
  }

  std::vector<StoredEvent> events_after(std::uint64_t sequence, std::size_t limit,
                                        const std::optional<model::RunId>& run) override {
    check_limit(limit);
    std::vector<StoredEvent> result;
    auto records = records_->lock();
    for (const StoredEvent& event : records->events) {
      if (event.sequence <= sequence || (run && event.run != *run)) continue;
      result.push_back(event);
      if (result.size() == limit) break;
    }
    return result;
  }

  void remove(const std::vector<model::RunId>& ids) override {
    auto records = records_->lock();
    for (const model::RunId& id : ids) {
      const auto found = records->runs.find(id);
      if (found != records->runs.end()) check_removable(id, found->second.status);
    }
    for (const model::RunId& id : ids) records->erase(id);
  }

 private:
  static const model::TrainingRun* find_by_key(const Records& records, const std::string& owner,
                                               const RequestKey& key, TimePoint now) {
    const auto used = records.keys.find({owner, key.key});
    if (used == records.keys.end() || used->second.at + kIdempotencyWindow <= now) return nullptr;
    check_same_request(key.key, used->second.asked == key.asked);
    return &records.runs.at(used->second.run);
  }

  SharedRecords records_;
};

class MemoryDefinitionRepository final : public DefinitionRepository {
 public:
  explicit MemoryDefinitionRepository(SharedRecords records) : records_(std::move(records)) {}

  void create(const TrainingDefinition& definition) override {
    auto records = records_->lock();
    if (position(*records, definition.id) != records->definitions.end()) {
      throw_definition_exists(definition.id);
    }
    records->definitions.push_back({{definition}, ++records->last_definition_order});
    std::ranges::stable_sort(records->definitions, {}, [](const Records::OrderedDefinition& entry) {
      return entry.versions.back().created_at;
    });
  }

  void add_version(const TrainingDefinition& definition) override {
    auto records = records_->lock();
    auto& versions = existing(*records, definition.id).versions;
    check_takes_version(definition.id, versions.size());
    TrainingDefinition version = definition;
    version.owner = versions.back().owner;
    version.created_at = versions.back().created_at;
    versions.push_back(std::move(version));
  }

  std::optional<TrainingDefinition> find(const std::string& id) override {
    const auto all = versions(id);
    return all.empty() ? std::nullopt : std::optional(all.back());
  }

  std::optional<TrainingDefinition> find(const std::string& id,
                                         const std::string& version_id) override {
    const auto all = versions(id);
    const auto found = std::ranges::find(all, version_id, &TrainingDefinition::version_id);
    return found == all.end() ? std::nullopt : std::optional(*found);
  }

  std::vector<TrainingDefinition> versions(const std::string& id) override {
    auto records = records_->lock();
    const auto found = position(*records, id);
    if (found == records->definitions.end()) return {};
    return found->versions;
  }

  DefinitionPage list(const std::string& owner, std::size_t limit,
                      const std::string& start_after) override {
    check_limit(limit);
    const auto cursor = decode_definition_cursor(start_after);
    DefinitionPage page;
    DefinitionCursor last;
    auto records = records_->lock();
    for (const Records::OrderedDefinition& entry : records->definitions) {
      const TrainingDefinition& newest = entry.versions.back();
      if (!owner.empty() && newest.owner != owner) continue;
      const DefinitionCursor place{newest.created_at.time_since_epoch().count(), entry.order};
      if (cursor && !(*cursor < place)) continue;
      if (page.definitions.size() == limit) {
        page.next = encode_cursor(last);
        break;
      }
      page.definitions.push_back(newest);
      last = place;
    }
    return page;
  }

  void set_content(const std::string& id, const std::string& version_id,
                   const std::string& sha256) override {
    auto records = records_->lock();
    auto& versions = existing(*records, id).versions;
    const auto found = std::ranges::find(versions, version_id, &TrainingDefinition::version_id);
    if (found == versions.end()) throw_no_version(id, version_id);
    if (!found->content_sha256.empty() && found->content_sha256 != sha256) {
      throw_has_content(id, version_id);
    }
    found->content_sha256 = sha256;
  }

  void remove(const std::string& id) override {
    auto records = records_->lock();
    existing(*records, id);
    records->definitions.erase(position(*records, id));
  }

  std::vector<std::string> used_contents() override {
    std::set<std::string> used;
    records_->with([&](const Records& records) {
      for (const auto& entry : records.definitions) {
        for (const auto& version : entry.versions) used.insert(version.content_sha256);
      }
      for (const auto& [id, run] : records.runs) used.insert(run.definition_sha256);
    });
    used.erase("");
    return {used.begin(), used.end()};
  }

 private:
  static std::vector<Records::OrderedDefinition>::iterator position(Records& records,
                                                                    const std::string& id) {
    return std::ranges::find(records.definitions, id, [](const Records::OrderedDefinition& entry) {
      return entry.versions.back().id;
    });
  }
  static Records::OrderedDefinition& existing(Records& records, const std::string& id) {
    const auto found = position(records, id);
    if (found == records.definitions.end()) throw_no_definition(id);
    return *found;
  }

  SharedRecords records_;
};

}  // namespace

Repositories make_memory_repositories() {
  auto records = std::make_shared<Sync<Records>>();
  return {.runs = std::make_unique<MemoryRunRepository>(records),
          .definitions = std::make_unique<MemoryDefinitionRepository>(records),
          .experiments = make_memory_experiments(records),
          .experiment_runs = make_memory_experiment_runs(records)};
}

}  // namespace trainyard::repository
