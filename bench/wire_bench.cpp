// What the API's JSON costs: a list of ten thousand runs must be answered in less than 50 ms.
#include <benchmark/benchmark.h>

#include "base/clock.hpp"
#include "wire/run.hpp"

namespace {

using namespace trainyard;

model::TrainingRun a_run() {
  model::TrainingRun run;
  run.id = model::RunId::parse("training-DOl4q2LkR").value();
  run.manifest.name = "tf-mnist";
  run.manifest.framework = {.name = "tensorflow", .version = "2.21", .runtimes = {}};
  run.manifest.command = "python3 convolutional_network.py --trainingIters 20000";
  run.manifest.compute.size = "small";
  run.manifest.training_data.bucket = "mnist";
  run.manifest.training_results.bucket = "results";
  run.created_at = run.modified_at = parse_time("2026-11-24T06:00:00.123Z").value();
  run.status.state = model::RunState::Completed;
  run.status.phase = model::Phase::Ended;
  run.status.running_at = run.status.finished_at = run.created_at;
  return run;
}

using Add = void (*)(wire::RunListWriter&, const model::TrainingRun&);

void add_summary(wire::RunListWriter& writer, const model::TrainingRun& run) {
  writer.add_summary(run);
}

void add_whole(wire::RunListWriter& writer, const model::TrainingRun& run) {
  writer.add(run, wire::encode_shown(run.manifest, wire::Secrets::Masked), {});
}

std::string list_of(std::int64_t count, Add add) {
  static const model::TrainingRun run = a_run();
  wire::RunListWriter writer;
  for (std::int64_t i = 0; i < count; ++i) add(writer, run);
  return writer.finish("");
}

void write_list(benchmark::State& state, Add add) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = list_of(state.range(0), add);
    bytes = text.size();
    benchmark::DoNotOptimize(text.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void read_list(benchmark::State& state, Add add) {
  const std::string text = list_of(state.range(0), add);
  for (auto _ : state) benchmark::DoNotOptimize(wire::decode_run_list(text));
}

}  // namespace

BENCHMARK_CAPTURE(write_list, summary, add_summary)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(write_list, full, add_whole)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_list, summary, add_summary)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_list, full, add_whole)->Arg(10'000)->Unit(benchmark::kMillisecond);
