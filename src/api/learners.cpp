// What learners ask and say (wire/learner.hpp).
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "api/service.hpp"
#include "api/tokens.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "wire/learner.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kMaxReport = 1 << 20;
constexpr std::size_t kMaxLogChunk = 4 << 20;

struct Learner {
  model::RunId run;
  unsigned attempt;
};

Learner authenticate(const Service& service, const Call& call) {
  const auto run = model::RunId::parse(call.param("run"));
  const auto token = bearer_token(call.request);
  if (run && token) {
    if (const auto claims = read_learner_token(service.options.signing_key, *run, *token)) {
      return {*run, claims->attempt};
    }
  }
  throw Error(ErrorKind::Unauthenticated, "this needs the token of the run's learner");
}

// The run, if this learner is the one that has it.
model::TrainingRun own_run(Service& service, const Learner& learner) {
  auto run = service.parts.runs.find(learner.run);
  if (!run) throw Error(ErrorKind::NotFound, "the run is gone");
  if (run->status.attempt != learner.attempt) {
    throw Error(ErrorKind::NotFound, fmt::format("attempt {} has the run now, not {}",
                                                 run->status.attempt, learner.attempt));
  }
  return std::move(*run);
}

wire::RuntimeAssignment runtime_of(Service& service, const model::TrainingRun& run) {
  wire::RuntimeAssignment result;
  try {
    const auto spec = service.parts.catalogue.resolve(run.manifest.framework, service.parts.host);
    result.kind = runtime::to_string(spec.kind);
    result.label = spec.label();
    result.variables = spec.variables;
    result.image = spec.image;
    result.image_program = spec.container;
    if (spec.kind == runtime::Kind::Environment) {
      result.environment = service.parts.environments.path(spec);
      result.build_log = service.parts.environments.log_path(spec);
      if (!service.parts.environments.is_ready(spec)) {
        result.failure = service.parts.environments.ensure(spec).detail;
      }
    }
  } catch (const Error& e) {
    result.failure = e.what();  // the machine changed since submit
  }
  return result;
}

unsigned cores_for(const engine::Capacity& capacity, std::size_t slots) {
  const std::size_t all = std::max<std::size_t>(1, capacity.slots.size());
  return std::max<unsigned>(1, static_cast<unsigned>(capacity.cores * slots / all));
}

http::Answer assignment(Service& service, Call& call) {
  const Learner learner = authenticate(service, call);
  const auto run = own_run(service, learner);
  if (model::is_terminal(run.status.state)) throw Error(ErrorKind::NotFound, "the run has ended");
  const auto capacity = service.parts.scheduler.capacity();
  wire::Assignment result;
  result.run = run.id;
  result.attempt = learner.attempt;
  result.manifest = run.manifest;
  result.definition_sha256 = run.definition_sha256;
  result.slots = run.status.slots;
  result.gpus = capacity.gpus;
  result.cores = cores_for(capacity, run.status.slots.size());
  result.recover = run.status.execute_began || run.status.phase == model::Phase::Storing;
  result.cancel_requested = run.status.cancel_requested;
  result.runtime = runtime_of(service, run);
  result.cancel_grace = service.options.cancel_grace;
  result.store_retry = service.options.store_retry;
  result.results_quiet = service.options.results_quiet;
  return json_response(200, wire::encode(result));
}

http::Answer definition(Service& service, Call& call) {
  const auto run = own_run(service, authenticate(service, call));
  const auto path = service.parts.contents.path(run.definition_sha256);
  http::Response response;
  response.headers.add("Content-Type", "application/zip");
  Fd file = open_file(path, O_RDONLY);
  const auto size = fs::file_size(path);
  response.body = http::FileBody{std::move(file), 0, size};
  return response;
}

// A learner tells of its own attempt's course, of nothing else.
void check_event(const model::Event& event, unsigned attempt) {
  const bool fits = std::visit(
      [&](const auto& e) {
        using T = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<T, model::StagingStarted> ||
                      std::is_same_v<T, model::TrainingStarted> ||
                      std::is_same_v<T, model::TrainingEnded> ||
                      std::is_same_v<T, model::StoringStarted> ||
                      std::is_same_v<T, model::Finished>) {
          return e.attempt == attempt;
        }
        return false;
      },
      event);
  if (!fits) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("a learner does not report {}", model::event_name(event)));
  }
}

bool has_last_word(const wire::Report& report) {
  return std::any_of(report.items.begin(), report.items.end(), [](const auto& item) {
    return std::holds_alternative<model::Finished>(item.event);
  });
}

// A learner whose run was ended without it (it was taken for lost) is told to stop.
http::Answer report(Service& service, Call& call) {
  const Learner learner = authenticate(service, call);
  const auto report = wire::decode_report(call.request.body->read_all(kMaxReport));
  auto run = own_run(service, learner);
  const TimePoint now = service.parts.clock.now();
  for (const auto& item : report.items) {
    check_event(item.event, learner.attempt);
    // The log is whole before the state becomes final; a last word that no longer counts seals
    // nothing, because another attempt may be writing.
    if (std::holds_alternative<model::Finished>(item.event) &&
        model::next(run.status, item.event, now)) {
      service.parts.logs.seal(run.id);
    }
    run =
        repository::append_retrying(service.parts.runs, run.id, item.event, std::min(item.at, now));
  }
  if (report.progress && !model::is_terminal(run.status.state)) {
    service.parts.hub.set_progress(run.id, *report.progress);
  }
  if (!report.items.empty()) service.parts.scheduler.wake();
  return json_response(
      200, wire::encode(wire::ReportAnswer{
               .next_sequence = report.first_sequence + report.items.size(),
               .cancel_requested = run.status.cancel_requested,
               .superseded = model::is_terminal(run.status.state) && !has_last_word(report)}));
}

http::Answer append_log(Service& service, Call& call) {
  const Learner learner = authenticate(service, call);
  const auto stream = logstore::parse_stream(call.param("file"));
  if (!stream) throw Error(ErrorKind::NotFound, "there is no such log");
  const auto offset = parse_u64(call.request.query.get("offset").value_or(""));
  if (!offset) throw Error(ErrorKind::InvalidInput, "offset must be a whole number");
  own_run(service, learner);
  const std::string bytes = call.request.body->read_all(kMaxLogChunk);
  auto& logs = service.parts.logs;
  const auto size = logs.size(learner.run, *stream);
  if (*offset > size) return json_response(409, wire::encode_log_size(size));
  return json_response(200,
                       wire::encode_log_size(logs.append(learner.run, *stream, *offset, bytes)));
}

}  // namespace

void add_learners(Routes& routes) {
  routes.add("GET", "/v3/learners/{run}/assignment", {Access::Anyone, assignment});
  routes.add("GET", "/v3/learners/{run}/definition", {Access::Anyone, definition});
  routes.add("POST", "/v3/learners/{run}/reports", {Access::Anyone, report});
  routes.add("PUT", "/v3/learners/{run}/logs/{file}", {Access::Anyone, append_log});
}

}  // namespace trainyard::api
