#include "wire/learner.hpp"

#include <nlohmann/json.hpp>

#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kAssignmentLimit = 8 << 20;
constexpr std::size_t kReportLimit = 8 << 20;
constexpr std::size_t kAnswerLimit = 64 << 10;

void write_runtime(JsonWriter& out, const RuntimeAssignment& runtime) {
  out.begin_object().field("kind", runtime.kind).field("label", runtime.label);
  out.text_unless_empty("environment", runtime.environment)
      .text_unless_empty("build_log", runtime.build_log)
      .text_unless_empty("image", runtime.image)
      .text_unless_empty("image_program", runtime.image_program)
      .text_unless_empty("failure", runtime.failure);
  out.key("variables").begin_object();
  for (const auto& [name, value] : runtime.variables) out.field(name, value);
  out.end_object().end_object();
}

std::map<std::string, std::string> read_variables(const JsonObject& in) {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : in.tree().items()) variables[name] = in.text(name);
  return variables;
}

RuntimeAssignment read_runtime(const JsonObject& in) {
  RuntimeAssignment runtime{.kind = in.text("kind"),
                            .label = in.text_or_empty("label"),
                            .environment = in.text_or_empty("environment"),
                            .build_log = in.text_or_empty("build_log"),
                            .image = in.text_or_empty("image"),
                            .image_program = in.text_or_empty("image_program"),
                            .variables = {},
                            .failure = in.text_or_empty("failure")};
  if (const auto variables = in.optional_object("variables")) {
    runtime.variables = read_variables(*variables);
  }
  return runtime;
}

model::RunId read_run_id(const JsonObject& in) {
  const auto id = model::RunId::parse(in.text("run"));
  if (!id) in.fail("run", "must be an id like training-DOl4q2LkR");
  return *id;
}

bool learners_word(const model::Event& event) {
  return std::holds_alternative<model::StagingStarted>(event) ||
         std::holds_alternative<model::TrainingStarted>(event) ||
         std::holds_alternative<model::TrainingEnded>(event) ||
         std::holds_alternative<model::StoringStarted>(event) ||
         std::holds_alternative<model::Finished>(event);
}

Report::Item read_item(const JsonObject& in) {
  Report::Item item{.at = in.time("at"), .event = read_event(in.object("event"))};
  if (!learners_word(item.event)) in.fail("event", "is not one that a learner reports");
  return item;
}

}  // namespace

void write_progress(JsonWriter& out, const Progress& progress) {
  out.begin_object()
      .field("phase", progress.phase)
      .field("files_done", progress.files_done)
      .field("files_total", progress.files_total)
      .field("bytes_done", progress.bytes_done)
      .field("bytes_total", progress.bytes_total)
      .field("bytes_from_cache", progress.bytes_from_cache)
      .field("bytes_per_second", progress.bytes_per_second);
  if (progress.remaining) out.field("remaining_ms", progress.remaining->count());
  out.text_unless_empty("limited_by", progress.limited_by)
      .text_unless_empty("trouble", progress.trouble)
      .end_object();
}

Progress read_progress(const JsonObject& in) {
  const auto count = [&](std::string_view key) {
    return in.optional_number<std::uint64_t>(key).value_or(0);
  };
  Progress progress{.phase = in.text("phase"),
                    .files_done = count("files_done"),
                    .files_total = count("files_total"),
                    .bytes_done = count("bytes_done"),
                    .bytes_total = count("bytes_total"),
                    .bytes_from_cache = count("bytes_from_cache"),
                    .bytes_per_second = in.optional_real("bytes_per_second").value_or(0),
                    .remaining = {},
                    .limited_by = in.optional_text("limited_by").value_or(""),
                    .trouble = in.optional_text("trouble").value_or("")};
  if (in.has("remaining_ms")) progress.remaining = read_duration(in, "remaining_ms");
  return progress;
}

Milliseconds read_duration(const JsonObject& in, std::string_view key) {
  const auto count = in.number<std::int64_t>(key);
  if (count < 0) in.fail(key, "must not be negative");
  return Milliseconds{count};
}

std::string encode(const Assignment& assignment) {
  JsonWriter out;
  out.begin_object().field("run", assignment.run.str()).field("attempt", assignment.attempt);
  out.key("manifest");
  write_manifest(out, assignment.manifest);
  out.field("definition_sha256", assignment.definition_sha256)
      .field("slots", assignment.slots)
      .field("gpus", assignment.gpus)
      .field("cores", assignment.cores)
      .field("recover", assignment.recover)
      .field("cancel_requested", assignment.cancel_requested)
      .key("runtime");
  write_runtime(out, assignment.runtime);
  out.field("cancel_grace_ms", assignment.cancel_grace.count())
      .field("store_retry_ms", assignment.store_retry.count())
      .field("results_quiet_ms", assignment.results_quiet.count())
      .end_object();
  return out.take();
}

Assignment decode_assignment(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "assignment", kAssignmentLimit);
  return {.run = read_run_id(in),
          .attempt = in.number<unsigned>("attempt"),
          .manifest = read_manifest(in.object("manifest")),
          .definition_sha256 = in.text("definition_sha256"),
          .slots = in.texts("slots"),
          .gpus = in.flag("gpus"),
          .cores = in.number<unsigned>("cores"),
          .recover = in.flag("recover"),
          .cancel_requested = in.flag("cancel_requested"),
          .runtime = read_runtime(in.object("runtime")),
          .cancel_grace = read_duration(in, "cancel_grace_ms"),
          .store_retry = read_duration(in, "store_retry_ms"),
          .results_quiet = read_duration(in, "results_quiet_ms")};
}

std::string encode(const Report& report) {
  JsonWriter out;
  out.begin_object()
      .field("attempt", report.attempt)
      .field("first_sequence", report.first_sequence)
      .key("items")
      .begin_array();
  for (const Report::Item& item : report.items) {
    out.begin_object().field("at", item.at).key("event");
    write_event(out, item.event);
    out.end_object();
  }
  out.end_array();
  if (report.progress) {
    out.key("progress");
    write_progress(out, *report.progress);
  }
  out.end_object();
  return out.take();
}

Report decode_report(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "report", kReportLimit);
  Report report{.attempt = in.number<unsigned>("attempt"),
                .first_sequence = in.number<std::uint64_t>("first_sequence"),
                .items = {},
                .progress = {}};
  for (const JsonObject& item : in.objects("items")) report.items.push_back(read_item(item));
  if (const auto progress = in.optional_object("progress")) {
    report.progress = read_progress(*progress);
  }
  return report;
}

std::string encode(const ReportAnswer& answer) {
  JsonWriter out;
  out.begin_object()
      .field("next_sequence", answer.next_sequence)
      .field("cancel_requested", answer.cancel_requested)
      .field("superseded", answer.superseded)
      .end_object();
  return out.take();
}

ReportAnswer decode_report_answer(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "report answer", kAnswerLimit);
  return {.next_sequence = in.number<std::uint64_t>("next_sequence"),
          .cancel_requested = in.flag("cancel_requested"),
          .superseded = in.flag("superseded")};
}

std::string encode_log_size(std::uint64_t size) {
  JsonWriter out;
  out.begin_object().field("size", size).end_object();
  return out.take();
}

std::uint64_t decode_log_size(std::string_view json) {
  return JsonObject::parse(json, "log answer", kAnswerLimit).number<std::uint64_t>("size");
}

}  // namespace trainyard::wire
