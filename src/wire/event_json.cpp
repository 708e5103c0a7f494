// A run's events and verdicts, as learners report them and the repository keeps them.
#include "wire/learner.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kEventLimit = 4 << 20;

struct EventWriter {
  JsonWriter& out;

  void operator()(const model::Dispatched& e) const {
    out.field("attempt", e.attempt).field("slots", e.slots);
  }
  void operator()(const model::Started& e) const {
    out.field("attempt", e.attempt).field("handle", e.handle);
  }
  void operator()(const model::StagingStarted& e) const { out.field("attempt", e.attempt); }
  void operator()(const model::TrainingStarted& e) const { out.field("attempt", e.attempt); }
  void operator()(const model::TrainingEnded& e) const {
    out.field("attempt", e.attempt).field("exit_code", e.exit_code);
  }
  void operator()(const model::StoringStarted& e) const { out.field("attempt", e.attempt); }
  void operator()(const model::Finished& e) const {
    out.field("attempt", e.attempt).field("outcome", to_string(e.outcome));
    if (!e.verdict) return;
    out.key("verdict");
    write_verdict(out, *e.verdict);
  }
  void operator()(const model::CancelRequested& e) const { out.field("by", e.by); }
  void operator()(const model::LearnerLost& e) const {
    out.field("attempt", e.attempt).field("reason", e.reason);
  }
  void operator()(const model::Abandoned& e) const {
    out.key("verdict");
    write_verdict(out, e.verdict);
  }
};

model::RunState read_outcome(const JsonObject& in) {
  const auto outcome = model::parse_state(in.text("outcome"));
  if (!outcome || !model::is_terminal(*outcome)) {
    in.fail("outcome", "must be completed, error or canceled");
  }
  return *outcome;
}

model::Finished read_finished(const JsonObject& in, unsigned attempt) {
  model::Finished event{.attempt = attempt, .outcome = read_outcome(in), .verdict = {}};
  if (const auto verdict = in.optional_object("verdict")) event.verdict = read_verdict(*verdict);
  return event;
}

}  // namespace

void write_verdict(JsonWriter& out, const model::Verdict& verdict) {
  out.begin_object()
      .field("code", verdict.code)
      .field("kind", verdict.kind)
      .field("message", verdict.message)
      .field("exit_code", verdict.exit_code)
      .field("last_lines", verdict.last_lines)
      .end_object();
}

model::Verdict read_verdict(const JsonObject& in) {
  return {.code = in.text_or_empty("code"),
          .kind = in.text_or_empty("kind"),
          .message = in.text("message"),
          .exit_code = in.optional_number<int>("exit_code"),
          .last_lines = in.texts("last_lines")};
}

void write_event(JsonWriter& out, const model::Event& event) {
  out.begin_object().field("event", event_name(event));
  std::visit(EventWriter{out}, event);
  out.end_object();
}

model::Event read_event(const JsonObject& in) {
  const std::string name = in.text("event");
  if (name == "cancel_requested") return model::CancelRequested{.by = in.text_or_empty("by")};
  if (name == "abandoned") return model::Abandoned{.verdict = read_verdict(in.object("verdict"))};

  const auto attempt = in.number<unsigned>("attempt");
  if (name == "dispatched") {
    return model::Dispatched{.attempt = attempt, .slots = in.texts("slots")};
  }
  if (name == "started") return model::Started{.attempt = attempt, .handle = in.text("handle")};
  if (name == "staging_started") return model::StagingStarted{.attempt = attempt};
  if (name == "training_started") return model::TrainingStarted{.attempt = attempt};
  if (name == "training_ended") {
    return model::TrainingEnded{.attempt = attempt, .exit_code = in.number<int>("exit_code")};
  }
  if (name == "storing_started") return model::StoringStarted{.attempt = attempt};
  if (name == "finished") return read_finished(in, attempt);
  if (name == "learner_lost") {
    return model::LearnerLost{.attempt = attempt, .reason = in.text_or_empty("reason")};
  }
  in.fail("event", "names no event that a run has");
}

std::string encode(const model::Event& event) {
  JsonWriter out;
  write_event(out, event);
  return out.take();
}

model::Event decode_event(std::string_view json) {
  return read_event(JsonObject::parse(json, "event", kEventLimit));
}

}  // namespace trainyard::wire
