// What the scheduler costs: a round must not grow with the history, a woken scheduler starts a run
// within a millisecond beside the record's own time, and why() answers at the end of a long queue.
#include <benchmark/benchmark.h>

#include <atomic>
#include <memory>
#include <thread>

#include "base/files.hpp"
#include "engine/fake_engine.hpp"
#include "engine/local_engine.hpp"
#include "repository/memory_repository.hpp"
#include "repository/sqlite_repository.hpp"
#include "scheduler/scheduler.hpp"

namespace {

using namespace trainyard;

class ReadyGate final : public scheduler::RuntimeGate {
  scheduler::Readiness readiness(const model::TrainingRun&) override { return {}; }
};

model::TrainingRun create(repository::RunRepository& runs, unsigned gpus, Clock& clock) {
  repository::NewRun run{.id = model::RunId::generate(), .owner = "anna"};
  run.manifest.name = "tf-mnist";
  run.manifest.framework = {.name = "tensorflow", .version = "2.21"};
  run.manifest.command = "python3 convolutional_network.py --trainingIters 20000";
  run.manifest.compute.gpus = gpus;
  return runs.create(run, clock.now());
}

std::unique_ptr<scheduler::Scheduler> make(repository::RunRepository& runs,
                                           engine::ComputeEngine& engine,
                                           scheduler::RuntimeGate& gate, Clock& clock) {
  return scheduler::make_scheduler(
      runs, engine, gate, clock,
      {.server_url = "http://127.0.0.1:1",
       .tick = std::chrono::hours(1),
       .learner_token = [](const model::RunId&, unsigned) { return Secret("token"); }});
}

// One run on all GPUs, `queued` behind it, `ended` in the history; in memory-backed files.
struct Busy {
  Busy(std::int64_t ended, std::int64_t queued) {
    for (std::int64_t i = 0; i < ended; ++i) {
      const auto run = create(*records.runs, 4, clock);
      records.runs->append(run.id, model::CancelRequested{"anna"}, run.version, clock.now());
    }
    create(*records.runs, 4, clock);
    for (std::int64_t i = 0; i < queued; ++i) last = create(*records.runs, 4, clock).id;
    scheduler->tick();
  }
  static Busy& of(std::int64_t ended, std::int64_t queued) {
    static std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<Busy>> made;
    auto& one = made[{ended, queued}];
    if (!one) one = std::make_unique<Busy>(ended, queued);
    return *one;
  }

  TempDir dir{"trainyard-bench-", "/dev/shm"};
  SystemClock clock;
  repository::Repositories records = repository::open_sqlite_repositories(
      dir.path() / "db", repository::Sealer(Secret(std::string(32, 'k'))));
  engine::FakeEngine engine{engine::gpus(4)};
  ReadyGate gate;
  std::unique_ptr<scheduler::Scheduler> scheduler = make(*records.runs, engine, gate, clock);
  model::RunId last;
};

void round(benchmark::State& state) {
  Busy& busy = Busy::of(state.range(0), state.range(1));
  for (auto _ : state) busy.scheduler->tick();
}
BENCHMARK(round)
    ->ArgNames({"ended", "queued"})
    ->Args({0, 0})
    ->Args({20'000, 0})
    ->Args({0, 10'000})
    ->Args({20'000, 10'000})
    ->Unit(benchmark::kMicrosecond);

void why_at_the_end(benchmark::State& state) {
  Busy& busy = Busy::of(0, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(busy.scheduler->why(busy.last));
}
BENCHMARK(why_at_the_end)->ArgName("queued")->Arg(10)->Arg(10'000)->Unit(benchmark::kMicrosecond);

// From wake() until the engine is asked to start the learner.
void wake_to_start(benchmark::State& state) {
  SystemClock clock;
  auto records = repository::make_memory_repositories();
  engine::FakeEngine engine;
  ReadyGate gate;
  const auto scheduler = make(*records.runs, engine, gate, clock);
  scheduler->start();
  for (auto _ : state) {
    state.PauseTiming();
    const auto id = create(*records.runs, 1, clock).id;
    state.ResumeTiming();
    scheduler->wake();
    while (engine.started().empty()) std::this_thread::yield();
    state.PauseTiming();
    while (records.runs->find(id)->status.handle.empty()) std::this_thread::yield();
    append_retrying(*records.runs, id, model::Finished{1, model::RunState::Completed, {}},
                    clock.now());
    records.runs->remove({id});
    engine.forget(id);
    state.ResumeTiming();
  }
}
BENCHMARK(wake_to_start)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Work directory, token, process, handle: until the learner's program begins.
void submit_to_exec(benchmark::State& state) {
  SystemClock clock;
  TempDir dir;
  const auto engine = engine::make_local_engine(
      {.program = "/bin/true", .runs_directory = dir.path() / "runs"}, clock);
  for (auto _ : state) {
    const auto handle = engine->submit({.run = model::RunId::generate(),
                                        .token = Secret("token"),
                                        .server_url = "http://127.0.0.1:1"});
    state.PauseTiming();
    engine->observe({});
    state.ResumeTiming();
  }
}
BENCHMARK(submit_to_exec)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
