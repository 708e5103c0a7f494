// What the record of runs costs. Lists: 10,000 runs in less than 20 ms. Writes: on the disk of
// TMPDIR, where one fsync is the floor for one thread and is shared by sixteen.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "base/files.hpp"
#include "repository/sqlite_repository.hpp"

namespace {

using namespace trainyard;
using namespace trainyard::repository;

Sealer a_sealer() { return Sealer(Secret(std::string(32, 'k'))); }

NewRun a_run() {
  const model::S3Connection connection{.endpoint_url = "http://127.0.0.1:9000",
                                       .access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                       .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG"),
                                       .region = "us-east-1"};
  NewRun run{.id = model::RunId::generate(),
             .owner = "anna",
             .manifest = {},
             .definition_id = "065fb5b9-5018-462d-a3cc-fbf4e1340141",
             .definition_sha256 = std::string(64, 'a'),
             .idempotency_key = {}};
  run.manifest.name = "tf-mnist";
  run.manifest.framework = {.name = "tensorflow", .version = "2.21", .runtimes = {}};
  run.manifest.command = "python3 convolutional_network.py --trainingIters 20000";
  run.manifest.compute.size = "small";
  run.manifest.training_data = {
      .label = "", .connection = connection, .bucket = "mnist", .prefix = ""};
  run.manifest.training_results = {
      .label = "", .connection = connection, .bucket = "results", .prefix = ""};
  return run;
}

constexpr TimePoint kStart{std::chrono::seconds{1'790'000'000}};

// A history of ended runs and ten that wait, in memory-backed files, made once for each size.
class History {
 public:
  explicit History(std::int64_t ended) {
    std::atomic<std::int64_t> left = ended;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (left-- > 0) end(records.runs->create(a_run(), kStart));
      });
    }
    threads.clear();
    for (int i = 0; i < 10; ++i) records.runs->create(a_run(), kStart);
  }

  static History& of(std::int64_t ended) {
    static std::map<std::int64_t, History> made;
    return made.try_emplace(ended, ended).first->second;
  }

  TempDir dir{"trainyard-bench-", "/dev/shm"};
  fs::path path = dir.path() / "db";
  Repositories records = open_sqlite_repositories(path, a_sealer());

 private:
  void end(const model::TrainingRun& run) {
    records.runs->append(run.id, model::CancelRequested{.by = "anna"}, run.version, kStart);
  }
};

void list(benchmark::State& state, RunQuery query) {
  RunRepository& runs = *History::of(state.range(0)).records.runs;
  std::size_t rows = 0;
  for (auto _ : state) rows = runs.list(query).runs.size();
  state.counters["rows"] = static_cast<double>(rows);
}

void find(benchmark::State& state) {
  RunRepository& runs = *History::of(state.range(0)).records.runs;
  const model::RunId id = runs.list({.limit = 1}).runs.at(0).id;
  for (auto _ : state) benchmark::DoNotOptimize(runs.find(id));
}

void open_again(benchmark::State& state) {
  History& history = History::of(state.range(0));
  for (auto _ : state) open_sqlite_repositories(history.path, a_sealer());
  state.counters["MiB"] = static_cast<double>(fs::file_size(history.path)) / (1 << 20);
}

class OnDisk : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State& state) override {
    if (state.thread_index() != 0) return;
    dir_.emplace("trainyard-bench-");
    records_ = open_sqlite_repositories(dir_->path() / "db", a_sealer());
  }
  void TearDown(const benchmark::State& state) override {
    if (state.thread_index() != 0) return;
    records_ = {};
    dir_.reset();
  }

 protected:
  std::optional<TempDir> dir_;
  Repositories records_;
};

BENCHMARK_DEFINE_F(OnDisk, create)(benchmark::State& state) {
  for (auto _ : state) records_.runs->create(a_run(), kStart);
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_DEFINE_F(OnDisk, append)(benchmark::State& state) {
  model::TrainingRun run;
  run.status.attempt = model::kMaxAttempts;
  for (auto _ : state) {
    // Lost before its command began, a run is queued again: a life without end but for attempts.
    if (run.status.attempt == model::kMaxAttempts) run = records_.runs->create(a_run(), kStart);
    const unsigned attempt = run.status.attempt;
    const model::Event event =
        run.status.phase == model::Phase::Queued
            ? model::Event(model::Dispatched{.attempt = attempt + 1, .slots = {"cpu-0"}})
            : model::Event(model::LearnerLost{.attempt = attempt, .reason = "exit code 3"});
    run = records_.runs->append(run.id, event, run.version, kStart);
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

BENCHMARK_CAPTURE(list, all, RunQuery{.limit = 10'000})->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(list, all_by_id, RunQuery{.order = Order::ById, .limit = 10'000})
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(list, page_with_connections,
                  RunQuery{.limit = 1000, .detail = repository::RunDetail::Whole})
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(list, queue, RunQuery{.phases = {model::Phase::Queued}})
    ->Arg(10'000)
    ->Arg(100'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(list, retention, RunQuery{.finished_before = kStart, .limit = 100})
    ->Arg(10'000)
    ->Arg(100'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(find)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_again)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK_REGISTER_F(OnDisk, create)->Threads(1)->Threads(16)->UseRealTime();
BENCHMARK_REGISTER_F(OnDisk, append)->Threads(1)->Threads(16)->UseRealTime();
