#pragma once
// Runs of an experiment (wml-v3 b.7).
//
//   POST   /v3/experiments/{e}/runs        → 200 experiment run (not 201, which a client insists
//   on) GET    /v3/experiments/{e}/runs[/{r}]  → 200 one, or a list by creation PATCH
//   /v3/experiments/{e}/runs/{r}    cancel, as of a run; ours → 204
//
// Times are whole seconds and URLs relative, as recorded. A run that completed shows its
// best_results when its trainings measured something. Ours, beside the recorded fields: the
// phase of each training.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/run.hpp"
#include "wire/run.hpp"

namespace trainyard::wire {

struct ExperimentRun {
  std::string id;  // uuid
  std::string experiment_id;
  TimePoint created_at;
  std::span<const model::TrainingRun> runs;           // without connections will do
  std::span<const std::vector<Metric>> metrics = {};  // the latest of each of them; empty: none
};

// settings.evaluation_definition of an experiment as JSON; "{}" when it has none, or one
// of before it was checked that is no object.
std::string evaluation_definition(const Secret& entity);

// What the states of its training runs come to: pending while all wait, running until the last has
// ended, then error if one failed, else canceled if one was, else completed.
model::RunState state_of(std::span<const model::TrainingRun> runs);

// `base_url` is for the URLs of definitions, which are absolute.
std::string encode(const ExperimentRun& run, std::string_view evaluation_definition,
                   std::string_view base_url);
std::string encode_experiment_run_list(std::span<const ExperimentRun> runs,
                                       std::string_view evaluation_definition,
                                       std::string_view base_url, std::string_view next_url);

struct TrainingStatusView {
  std::string run;   // "training-5H2xmKCzR"
  std::string name;  // of the training reference
  model::RunState state = model::RunState::Pending;
  std::optional<TimePoint> submitted_at, finished_at;
};
struct ExperimentRunView {
  std::string id, url, experiment_id;
  model::RunState state = model::RunState::Pending;
  TimePoint created_at;
  std::vector<TrainingStatusView> trainings;
};
struct ExperimentRunListView {
  std::vector<ExperimentRunView> runs;
  std::string next_url;
};
// Throw InvalidInput, and TooLarge past 8 MiB for one and 256 MiB for a list.
ExperimentRunView decode_experiment_run(std::string_view json);
ExperimentRunListView decode_experiment_run_list(std::string_view json);

// A frame of /v3/experiments/{e}/runs/{r}/monitor (b.5): what one of its training runs says.
//   {"entity":{"training_statuses":[{"training_guid","training_reference_name","state","message",
//   "offset"?,"next_offset"?,"metrics":[METRIC…]}]}}
struct ExperimentFrame {
  std::string run;
  std::string name;
  std::optional<model::RunState> state;
  std::string message;
  std::optional<std::uint64_t> offset = {}, next_offset = {};  // as in MonitorFrame
  std::vector<Metric> metrics = {};
};
std::string encode(const ExperimentFrame& frame);
// The first training of the frame; throws InvalidInput when there is none.
ExperimentFrame decode_experiment_frame(std::string_view json);

}  // namespace trainyard::wire
