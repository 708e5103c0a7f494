#include "wire/experiment_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "wire/best_results.hpp"
#include "wire/definition.hpp"
#include "wire/masking.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

using model::RunState;

constexpr std::size_t kEntityLimit = 1 << 20;
constexpr std::size_t kRunLimit = 8 << 20;
constexpr std::size_t kListLimit = 256 << 20;

void write_experiment(JsonWriter& out, const ExperimentRun& run,
                      std::string_view evaluation_definition) {
  out.key("experiment")
      .begin_object()
      .field("guid", run.experiment_id)
      .field("url", "/v3/experiments/" + run.experiment_id)
      .key("evaluation_definition")
      .raw(evaluation_definition)
      .end_object();
}

// Recorded so: the URL is the one of the definition.
void write_best(JsonWriter& out, const model::TrainingRun& run, std::string_view base_url) {
  out.begin_object()
      .field("training_guid", run.id.str())
      .field("training_reference_name", run.manifest.name)
      .field("training_url", definition_url(base_url, run.definition_id))
      .end_object();
}

void write_best_results(JsonWriter& out, const ExperimentRun& run,
                        std::string_view evaluation_definition, std::string_view base_url) {
  if (state_of(run.runs) != RunState::Completed) return;
  auto best = ranking(run.metrics, evaluation_definition);
  if (best.empty()) return;
  out.key("best_results").begin_object().key("experiment_best_model");
  write_best(out, run.runs[best[0]], base_url);
  out.key("training_reference_best_model").begin_array();
  std::ranges::sort(best);
  for (const std::size_t index : best) write_best(out, run.runs[index], base_url);
  out.end_array().end_object();
}

void write_training(JsonWriter& out, const model::TrainingRun& run,
                    const std::vector<Metric>& metrics, std::string_view base_url) {
  const model::RunStatus& status = run.status;
  out.begin_object()
      .field("training_guid", run.id.str())
      .field("training_url", "/v3/models/" + run.id.str())
      .field("training_reference_name", run.manifest.name)
      .field("training_definition_url", definition_url(base_url, run.definition_id))
      .field("state", to_string(status.state))
      .field("submitted_at", format_seconds(run.created_at));
  if (status.finished_at) out.field("finished_at", format_seconds(*status.finished_at));
  out.field("current_at", format_seconds(run.modified_at));
  if (status.state != RunState::Pending) out.field("message", status_message(run));
  out.key("metrics").raw(encode(metrics));
  if (status.state == RunState::Error && status.verdict) {
    out.key("failure");
    write_failure(out, *status.verdict);
  }
  out.field("phase", to_string(status.phase)).end_object();
}

void write_run(JsonWriter& out, const ExperimentRun& run, std::string_view evaluation_definition,
               std::string_view base_url) {
  const std::string created_at = format_seconds(run.created_at);
  out.begin_object()
      .key("metadata")
      .begin_object()
      .field("guid", run.id)
      .field("url", fmt::format("/v3/experiments/{}/runs/{}", run.experiment_id, run.id))
      .field("created_at", created_at)
      .field("modified_at", created_at)
      .end_object();
  write_experiment(out, run, evaluation_definition);
  out.key("entity")
      .begin_object()
      .key("experiment_run_status")
      .begin_object()
      .field("state", to_string(state_of(run.runs)))
      .field("submitted_at", created_at)
      .field("current_at", created_at)  // recorded so, after the end too
      .field("current_iteration", 1);
  write_best_results(out, run, evaluation_definition, base_url);
  out.end_object().key("training_statuses").begin_array();
  for (std::size_t i = 0; i < run.runs.size(); ++i) {
    static const std::vector<Metric> kNone;
    write_training(out, run.runs[i], run.metrics.empty() ? kNone : run.metrics[i], base_url);
  }
  out.end_array().end_object().end_object();
}

RunState read_state(const JsonObject& in) {
  const auto state = model::parse_state(in.text("state"));
  if (!state) in.fail("state", "must be the state of a run");
  return *state;
}

ExperimentRunView read_run(const JsonObject& in) {
  const JsonObject metadata = in.object("metadata");
  const JsonObject entity = in.object("entity");
  ExperimentRunView view{.id = metadata.text("guid"),
                         .url = metadata.text("url"),
                         .experiment_id = in.object("experiment").text("guid"),
                         .state = read_state(entity.object("experiment_run_status")),
                         .created_at = metadata.time("created_at"),
                         .trainings = {}};
  for (const JsonObject& training : entity.objects("training_statuses")) {
    view.trainings.push_back({.run = training.text_or_empty("training_guid"),
                              .name = training.text_or_empty("training_reference_name"),
                              .state = read_state(training),
                              .submitted_at = training.optional_time("submitted_at"),
                              .finished_at = training.optional_time("finished_at")});
  }
  return view;
}

}  // namespace

std::string evaluation_definition(const Secret& entity) {
  const JsonObject in = JsonObject::parse(entity.reveal(), "experiment", kEntityLimit);
  const auto& settings = in.object("settings").tree();
  const auto found = settings.find("evaluation_definition");
  return found != settings.end() && found->is_object() ? without_secrets(*found).dump() : "{}";
}

RunState state_of(std::span<const model::TrainingRun> runs) {
  const auto count = [&](RunState state) {
    return static_cast<std::size_t>(std::ranges::count(
        runs, state, [](const model::TrainingRun& run) { return run.status.state; }));
  };
  const std::size_t pending = count(RunState::Pending);
  if (pending == runs.size()) return RunState::Pending;
  if (pending > 0 || count(RunState::Running) > 0) return RunState::Running;
  if (count(RunState::Error) > 0) return RunState::Error;
  return count(RunState::Canceled) > 0 ? RunState::Canceled : RunState::Completed;
}

std::string encode(const ExperimentRun& run, std::string_view evaluation_definition,
                   std::string_view base_url) {
  JsonWriter out;
  write_run(out, run, evaluation_definition, base_url);
  return out.take();
}

std::string encode_experiment_run_list(std::span<const ExperimentRun> runs,
                                       std::string_view evaluation_definition,
                                       std::string_view base_url, std::string_view next_url) {
  JsonWriter out;
  out.begin_object().key("resources").begin_array();
  for (const auto& run : runs) write_run(out, run, evaluation_definition, base_url);
  out.end_array();
  write_next(out, next_url);
  out.end_object();
  return out.take();
}

ExperimentRunView decode_experiment_run(std::string_view json) {
  return read_run(JsonObject::parse(json, "experiment run", kRunLimit));
}

ExperimentRunListView decode_experiment_run_list(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "list of experiment runs", kListLimit);
  ExperimentRunListView list;
  for (const JsonObject& item : in.objects("resources")) list.runs.push_back(read_run(item));
  list.next_url = read_next(in);
  return list;
}

std::string encode(const ExperimentFrame& frame) {
  JsonWriter out;
  out.begin_object()
      .key("entity")
      .begin_object()
      .key("training_statuses")
      .begin_array()
      .begin_object()
      .field("training_guid", frame.run)
      .field("training_reference_name", frame.name);
  if (frame.state) out.field("state", to_string(*frame.state));
  out.field("message", frame.message)
      .field("offset", frame.offset)
      .field("next_offset", frame.next_offset);
  out.key("metrics").raw(encode(frame.metrics));
  out.end_object().end_array().end_object().end_object();
  return out.take();
}

ExperimentFrame decode_experiment_frame(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "monitor frame", kEntityLimit);
  const auto trainings = in.object("entity").objects("training_statuses");
  if (trainings.empty()) in.fail("entity.training_statuses", "must not be empty");
  ExperimentFrame frame{.run = trainings[0].text_or_empty("training_guid"),
                        .name = trainings[0].text_or_empty("training_reference_name"),
                        .state = {},
                        .message = trainings[0].text_or_empty("message"),
                        .offset = trainings[0].optional_number<std::uint64_t>("offset"),
                        .next_offset = trainings[0].optional_number<std::uint64_t>("next_offset"),
                        .metrics = read_metrics(trainings[0])};
  if (const auto state = trainings[0].optional_text("state")) {
    frame.state = model::parse_state(*state);
  }
  return frame;
}

}  // namespace trainyard::wire
