#include <fmt/format.h>

#include "wire/parts.hpp"
#include "wire/run.hpp"

namespace trainyard::wire {
namespace {

std::string run_url(const model::RunId& id) { return "/v3/models/" + id.str(); }

// A learner was given the run, so that its folder in the results bucket is (or will be) there.
bool was_handed_over(const model::RunStatus& status) {
  return status.running_at || (status.phase == model::Phase::Ended && status.dispatched_at);
}

void write_metadata(JsonWriter& out, const model::TrainingRun& run) {
  const std::string created_at = format_millis(run.created_at);
  out.begin_object()
      .field("guid", run.id.str())
      .field("url", run_url(run.id))
      .field("created_at", created_at)
      .field("modified_at", created_at)  // recorded so: the run's changes show in current_at
      .end_object();
}

void write_compute(JsonWriter& out, const model::Compute& compute) {
  out.begin_object().text_unless_empty("name", compute.size);
  if (compute.nodes != 1) out.field("nodes", compute.nodes);
  if (compute.size.empty()) out.field("gpus", compute.gpus);
  out.field("cpus", compute.cpus).field("memory_bytes", compute.memory_bytes).end_object();
}

void write_author(JsonWriter& out, const model::Author& author) {
  if (author.empty()) return;
  out.key("author")
      .begin_object()
      .text_unless_empty("name", author.name)
      .text_unless_empty("email", author.email)
      .end_object();
}

// Recorded answers have no runtimes; requests have those that the manifest named.
enum class Runtimes { Shown, LeftOut };

void write_definition(JsonWriter& out, const model::Manifest& manifest, Runtimes runtimes) {
  auto framework = manifest.framework;
  if (runtimes == Runtimes::LeftOut) framework.runtimes.clear();
  out.begin_object().key("framework");
  write_framework(out, framework);
  out.field("name", manifest.name).text_unless_empty("description", manifest.description);
  write_author(out, manifest.author);
  out.text_unless_empty("definition_href", manifest.definition_href)
      .text_unless_empty("definition_version", manifest.definition_version)
      .key("execution")
      .begin_object()
      .field("command", manifest.command)
      .key("compute_configuration");
  write_compute(out, manifest.compute);
  out.end_object().end_object();
}

// Without the two ends, of the place and of the reference.
void begin_reference(JsonWriter& out, const model::StoreReference& reference,
                     std::string_view place, Secrets secrets) {
  out.begin_object()
      .text_unless_empty("name", reference.label)
      .field("type", reference.type())
      .key("connection");
  write_connection(out, reference, secrets);
  out.key(place)
      .begin_object()
      .field("bucket", reference.bucket)
      .text_unless_empty("prefix", reference.prefix);
}

// `place` is "location" in answers, "source" or "target" in requests.
void write_reference(JsonWriter& out, const model::StoreReference& reference,
                     std::string_view place, Secrets secrets) {
  begin_reference(out, reference, place, secrets);
  out.end_object().end_object();
}

void write_queue(JsonWriter& out, const QueueView& queue) {
  out.key("queue")
      .begin_object()
      .field("place", queue.place)
      .field("message", queue.message)
      .field("estimate", queue.estimate)
      .end_object();
}

void write_additions(JsonWriter& out, const model::RunStatus& status, const RunRendering& how) {
  out.field("phase", to_string(status.phase)).field("attempt", status.attempt);
  if (status.cancel_requested) out.field("cancel_requested", true);
  if (status.verdict) {
    out.key("verdict");
    write_verdict(out, *status.verdict);
  }
  if (how.queue) write_queue(out, *how.queue);
  if (how.progress) {
    out.key("progress");
    write_progress(out, *how.progress);
  }
}

void write_status(JsonWriter& out, const model::TrainingRun& run, const RunRendering& how) {
  const model::RunStatus& status = run.status;
  const bool failed = status.state == model::RunState::Error && status.verdict;
  out.begin_object()
      .field("state", to_string(status.state))
      .field("finished_at", status.finished_at)
      .field("submitted_at", run.created_at)
      .field("running_at", status.running_at);
  if (failed) {
    out.key("error");
    write_failure(out, *status.verdict);
  }
  if (status.state != model::RunState::Pending) out.field("message", status_message(run));
  out.key("metrics").raw(how.metrics).field("current_at", run.modified_at);
  if (failed) out.field("error_cause", status.verdict->user_fault() ? "user" : "server");
  write_additions(out, status, how);
  out.end_object();
}

void write_run(JsonWriter& out, const model::TrainingRun& run, std::string_view shown_manifest,
               const RunRendering& how) {
  out.begin_object().key("metadata");
  write_metadata(out, run);
  out.key("entity").raw(shown_manifest);
  if (was_handed_over(run.status)) out.field("model_location", run.id.str());
  out.end_object().end_object().key("status");
  write_status(out, run, how);
  out.end_object().end_object();
}

void write_summary(JsonWriter& out, const model::TrainingRun& run) {
  const model::Manifest& manifest = run.manifest;
  const model::RunStatus& status = run.status;
  out.begin_object()
      .field("id", run.id.str())
      .field("url", run_url(run.id))
      .field("name", manifest.name)
      .field("state", to_string(status.state))
      .field("phase", to_string(status.phase))
      .field("framework", manifest.framework.name)
      .field("version", manifest.framework.version)
      .text_unless_empty("size", manifest.compute.size)
      .field("gpus", manifest.compute.gpus)
      .field("submitted_at", run.created_at)
      .field("running_at", status.running_at)
      .field("finished_at", status.finished_at)
      .end_object();
}

}  // namespace

std::string encode_shown(const model::Manifest& manifest, Secrets secrets) {
  JsonWriter out;
  out.begin_object().key("model_definition");
  write_definition(out, manifest, Runtimes::LeftOut);
  out.key("training_data_reference");
  write_reference(out, manifest.training_data, "location", secrets);
  out.key("training_results_reference");
  begin_reference(out, manifest.training_results, "location", secrets);
  return out.take();
}

std::string encode_run(const model::TrainingRun& run, std::string_view shown_manifest,
                       const RunRendering& how) {
  JsonWriter out;
  write_run(out, run, shown_manifest, how);
  return out.take();
}

std::string encode_run(const model::TrainingRun& run, const RunRendering& how) {
  return encode_run(run, encode_shown(run.manifest, how.secrets), how);
}

RunListWriter::RunListWriter() { out_.begin_object().key("resources").begin_array(); }

void RunListWriter::add(const model::TrainingRun& run, std::string_view shown_manifest,
                        const RunRendering& how) {
  write_run(out_, run, shown_manifest, how);
}

void RunListWriter::add_summary(const model::TrainingRun& run) { write_summary(out_, run); }

std::string RunListWriter::finish(std::string_view next_url) {
  out_.end_array();
  write_next(out_, next_url);
  out_.end_object();
  return out_.take();
}

std::string encode_run_request(const model::Manifest& manifest) {
  JsonWriter out;
  out.begin_object().key("model_definition");
  write_definition(out, manifest, Runtimes::Shown);
  out.key("training_data_reference");
  write_reference(out, manifest.training_data, "source", Secrets::InClear);
  out.key("training_results_reference");
  write_reference(out, manifest.training_results, "target", Secrets::InClear);
  out.end_object();
  return out.take();
}

}  // namespace trainyard::wire
