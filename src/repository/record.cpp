#include "repository/record.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "wire/run.hpp"

namespace trainyard::repository {
namespace {

constexpr char kDefinitionTag = 'd';
constexpr char kExperimentTag = 'e';
constexpr char kExperimentRunTag = 'x';

char tag_of(Order order) {
  switch (order) {
    case Order::ById:
      return 'i';
    case Order::BySubmission:
      return 's';
    case Order::BySubmissionDescending:
      return 'r';
  }
  return '?';
}

[[noreturn]] void throw_bad_cursor() {
  throw Error(ErrorKind::InvalidInput,
              "the start of the page is not one that this list gave; begin at the first page");
}

// The text behind the tag.
std::string open_cursor(std::string_view text, char tag) {
  std::string opened;
  try {
    opened = base64url_decode(text);
  } catch (const Error&) {
    throw_bad_cursor();
  }
  if (opened.empty() || opened.front() != tag) throw_bad_cursor();
  return opened.substr(1);
}

}  // namespace

model::TrainingRun first_version(const NewRun& created, TimePoint now) {
  model::TrainingRun run;
  run.id = created.id;
  run.owner = created.owner;
  run.manifest = created.manifest;
  run.definition_id = created.definition_id;
  run.definition_sha256 = created.definition_sha256;
  run.created_at = now;
  run.modified_at = now;
  return run;
}

void check_same_content(const model::TrainingRun& existing, const NewRun& created) {
  if (existing.owner == created.owner && existing.manifest == created.manifest &&
      existing.definition_id == created.definition_id &&
      existing.definition_sha256 == created.definition_sha256) {
    return;
  }
  throw Error(ErrorKind::Conflict,
              fmt::format("another training run has the id {} already; submit again for a new id",
                          created.id.str()));
}

void check_same_request(std::string_view key, bool same) {
  if (same) return;
  throw Error(ErrorKind::Conflict,
              fmt::format("the Idempotency-Key \"{}\" stands for another request: repeat that one "
                          "as it was, or take another key",
                          printable(key)));
}

std::optional<model::TrainingRun> after_event(const model::TrainingRun& run,
                                              const model::Event& event,
                                              std::uint64_t expected_version, TimePoint now) {
  if (run.version != expected_version) {
    throw Error(ErrorKind::Conflict,
                fmt::format("training run {} is at version {}, not {}: read it again", run.id.str(),
                            run.version, expected_version));
  }
  auto status = model::next(run.status, event, now);
  if (!status) return std::nullopt;
  model::TrainingRun after = run;
  after.status = std::move(*status);
  after.version = run.version + 1;
  after.modified_at = now;
  return after;
}

void make_brief(model::TrainingRun& run) {
  model::Manifest brief;
  brief.name = std::move(run.manifest.name);
  brief.framework.name = std::move(run.manifest.framework.name);
  brief.framework.version = std::move(run.manifest.framework.version);
  brief.command = std::move(run.manifest.command);
  brief.compute = std::move(run.manifest.compute);
  run.manifest = std::move(brief);
  if (run.status.verdict) run.status.verdict->last_lines.clear();
}

std::string make_shown(model::TrainingRun& run) {
  std::string shown = wire::encode_shown(run.manifest, wire::Secrets::Masked);
  run.manifest = {};
  run.definition_id.clear();
  run.definition_sha256.clear();
  run.status.handle.clear();
  run.status.slots.clear();
  run.status.lost_reason.clear();
  return shown;
}

void add(LiveRuns& live, model::Phase phase, model::RunState state, std::size_t count) {
  if (phase == model::Phase::Queued) live.queued += count;
  (state == model::RunState::Pending ? live.pending : live.running) += count;
}

void check_limit(std::size_t limit) {
  if (limit == 0) {
    throw Error(ErrorKind::InvalidInput, "a page has at least one entry: ask for a limit from 1");
  }
}

void check_removable(const model::RunId& id, const model::RunStatus& status) {
  if (model::is_terminal(status.state) || status.attempt == 0) return;
  throw Error(ErrorKind::Conflict,
              fmt::format("training run {} is {}; cancel it before its history "
                          "is removed",
                          id.str(), model::to_string(status.state)));
}

void throw_no_run(const model::RunId& id) {
  throw Error(ErrorKind::NotFound, fmt::format("there is no training run {}", id.str()));
}

void throw_no_definition(const std::string& id) {
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no training definition {}", printable(id)));
}

void throw_no_version(const std::string& id, const std::string& version_id) {
  throw Error(ErrorKind::NotFound, fmt::format("training definition {} has no version {}",
                                               printable(id), printable(version_id)));
}

void throw_has_content(const std::string& id, const std::string& version_id) {
  throw Error(
      ErrorKind::Conflict,
      fmt::format("version {} of training definition {} has its content already and keeps it: "
                  "add a version with POST /v3/ml_assets/training_definitions/{}",
                  printable(version_id), printable(id), printable(id)));
}

void check_takes_version(const std::string& id, std::size_t versions) {
  if (versions < kMaxVersions) return;
  throw Error(
      ErrorKind::Conflict,
      fmt::format("training definition {} has {} versions, which is the most: create another "
                  "definition, and delete this one when no experiment names it",
                  printable(id), versions));
}

void throw_definition_exists(const std::string& id) {
  throw Error(ErrorKind::Conflict,
              fmt::format("there is a training definition {} already", printable(id)));
}

void throw_no_experiment(const std::string& id) {
  throw Error(ErrorKind::NotFound, fmt::format("there is no experiment {}", printable(id)));
}

void throw_experiment_exists(const std::string& id) {
  throw Error(ErrorKind::Conflict, fmt::format("there is an experiment {} already", printable(id)));
}

void throw_no_experiment_run(const std::string& id) {
  throw Error(ErrorKind::NotFound, fmt::format("there is no experiment run {}", printable(id)));
}

void throw_experiment_changed(const std::string& id) {
  throw Error(ErrorKind::Conflict,
              fmt::format("experiment {} was changed meanwhile: read it again", printable(id)));
}

void check_has_runs(const NewExperimentRun& started) {
  if (!started.runs.empty()) return;
  throw Error(ErrorKind::InvalidInput, "an experiment run has at least one training run");
}

std::string encode_cursor(Order order, const model::TrainingRun& last) {
  const std::string key = order == Order::ById ? last.id.str() : std::to_string(last.queue_order);
  return base64url_encode(tag_of(order) + key);
}

std::optional<RunCursor> decode_cursor(Order order, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::string key = open_cursor(text, tag_of(order));
  if (order == Order::ById) {
    if (!model::RunId::parse(key)) throw_bad_cursor();
    return RunCursor{.id = key, .queue_order = 0};
  }
  const auto queue_order = parse_u64(key);
  if (!queue_order || *queue_order > std::uint64_t{INT64_MAX}) throw_bad_cursor();
  return RunCursor{.id = {}, .queue_order = *queue_order};
}

std::string encode_cursor(const DefinitionCursor& cursor) {
  return base64url_encode(
      fmt::format("{}{}:{}", kDefinitionTag, cursor.created_at_ms, cursor.order));
}

std::optional<DefinitionCursor> decode_definition_cursor(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto parts = split(open_cursor(text, kDefinitionTag), ':');
  if (parts.size() != 2) throw_bad_cursor();
  const auto created_at = parse_i64(parts[0]);
  const auto order = parse_i64(parts[1]);
  if (!created_at || !order) throw_bad_cursor();
  return DefinitionCursor{.created_at_ms = *created_at, .order = *order};
}

std::string encode_experiment_cursor(std::string_view id) {
  return base64url_encode(fmt::format("{}{}", kExperimentTag, id));
}

std::string decode_experiment_cursor(std::string_view text) {
  return text.empty() ? "" : open_cursor(text, kExperimentTag);
}

std::string encode_experiment_run_cursor(std::int64_t creation_order) {
  return base64url_encode(fmt::format("{}{}", kExperimentRunTag, creation_order));
}

std::int64_t decode_experiment_run_cursor(std::string_view text) {
  if (text.empty()) return 0;
  const auto creation_order = parse_i64(open_cursor(text, kExperimentRunTag));
  if (!creation_order) throw_bad_cursor();
  return *creation_order;
}

}  // namespace trainyard::repository
