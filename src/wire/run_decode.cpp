#include "wire/parts.hpp"
#include "wire/run.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kRunLimit = 8 << 20;
constexpr std::size_t kListLimit = 256 << 20;

model::RunState read_state(const JsonObject& in) {
  const auto state = model::parse_state(in.text("state"));
  if (!state) in.fail("state", "must be pending, running, completed, error or canceled");
  return *state;
}

std::optional<model::Phase> read_phase(const JsonObject& in) {
  const auto text = in.optional_text("phase");
  return text ? model::parse_phase(*text) : std::nullopt;
}

void read_times(const JsonObject& in, RunView& run) {
  run.submitted_at = in.optional_time("submitted_at");
  run.running_at = in.optional_time("running_at");
  run.finished_at = in.optional_time("finished_at");
  run.current_at = in.optional_time("current_at");
}

QueueView read_queue(const JsonObject& in) {
  return {.place = in.number<std::size_t>("place"),
          .message = in.text_or_empty("message"),
          .estimate = in.optional_time("estimate")};
}

void read_status(const JsonObject& in, RunView& run) {
  run.state = read_state(in);
  run.phase = read_phase(in);
  read_times(in, run);
  run.message = in.text_or_empty("message");
  run.attempt = in.optional_number<unsigned>("attempt").value_or(0);
  run.cancel_requested = in.flag("cancel_requested");
  if (const auto verdict = in.optional_object("verdict")) run.verdict = read_verdict(*verdict);
  if (const auto queue = in.optional_object("queue")) run.queue = read_queue(*queue);
  if (const auto progress = in.optional_object("progress")) run.progress = read_progress(*progress);
  run.metrics = read_metrics(in);
}

void read_execution(const JsonObject& in, RunView& run) {
  run.command = in.text_or_empty("command");
  if (const auto compute = in.optional_object("compute_configuration")) {
    run.size = compute->text_or_empty("name");
    run.gpus = compute->optional_number<unsigned>("gpus").value_or(0);
  }
}

void read_definition(const JsonObject& in, RunView& run) {
  run.name = in.text_or_empty("name");
  run.description = in.text_or_empty("description");
  run.definition_href = in.text_or_empty("definition_href");
  const model::Framework framework = read_framework(in.object("framework"));
  run.framework = framework.name;
  run.version = framework.version;
  if (const auto execution = in.optional_object("execution")) read_execution(*execution, run);
}

StoreView read_store(const std::optional<JsonObject>& in) {
  StoreView store;
  if (!in) return store;
  store.type = in->text_or_empty("type");
  if (const auto connection = in->optional_object("connection")) {
    const auto endpoint = connection->optional_text("endpoint_url");
    store.endpoint = endpoint ? *endpoint : connection->text_or_empty("auth_url");
  }
  if (const auto location = in->optional_object("location")) {
    store.bucket = location->text_or_empty("bucket");
    store.model_location = location->text_or_empty("model_location");
  }
  return store;
}

RunView read_run(const JsonObject& in) {
  RunView run;
  const JsonObject metadata = in.object("metadata");
  run.id = metadata.text("guid");
  run.url = metadata.text_or_empty("url");
  const JsonObject entity = in.object("entity");
  read_definition(entity.object("model_definition"), run);
  run.training_data = read_store(entity.optional_object("training_data_reference"));
  run.training_results = read_store(entity.optional_object("training_results_reference"));
  read_status(entity.object("status"), run);
  return run;
}

RunView read_summary(const JsonObject& in) {
  RunView run;
  run.id = in.text("id");
  run.url = in.text_or_empty("url");
  run.name = in.text_or_empty("name");
  run.state = read_state(in);
  run.phase = read_phase(in);
  run.framework = in.text_or_empty("framework");
  run.version = in.text_or_empty("version");
  run.size = in.text_or_empty("size");
  run.gpus = in.optional_number<unsigned>("gpus").value_or(0);
  read_times(in, run);
  return run;
}

constexpr std::size_t kCancelLimit = 64 << 10;
constexpr std::string_view kCancelPath = "/status/state";

void check_cancel(const JsonObject& in) {
  if (in.text("op") != "replace") in.fail("op", "must be \"replace\"");
  if (in.text("path") != kCancelPath) in.fail("path", "must be \"/status/state\"");
  if (in.text("value") != "canceled") in.fail("value", "must be \"canceled\"");
}

}  // namespace

RunView decode_run(std::string_view json) {
  return read_run(JsonObject::parse(json, "run", kRunLimit));
}

RunListView decode_run_list(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "list of runs", kListLimit);
  RunListView list;
  for (const JsonObject& item : in.objects("resources")) {
    list.runs.push_back(item.has("metadata") ? read_run(item) : read_summary(item));
  }
  list.next_url = read_next(in);
  return list;
}

std::string encode_cancel() {
  JsonWriter out;
  out.begin_array()
      .begin_object()
      .field("op", "replace")
      .field("path", kCancelPath)
      .field("value", "canceled")
      .end_object()
      .end_array();
  return out.take();
}

void decode_cancel(std::string_view json) {
  for (const JsonObject& change : JsonObject::parse_one_or_more(json, "change", kCancelLimit)) {
    check_cancel(change);
  }
}

}  // namespace trainyard::wire
