#include "learner/attempt.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "learner/banner.hpp"
#include "learner/command.hpp"
#include "learner/directories.hpp"
#include "learner/disk_guard.hpp"
#include "learner/environment.hpp"
#include "learner/execute.hpp"
#include "learner/load_model.hpp"
#include "learner/process_tree.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {
namespace {

constexpr Milliseconds kStrayPatience{60'000};
constexpr std::uint64_t kSpareDisk = 256u << 20;

Confinement confinement_of(const wire::Assignment& assignment, const LearnerOptions& options) {
  if (!assignment.runtime.image.empty()) return Confinement::Container;
  return options.sandboxed ? Confinement::Sandbox : Confinement::None;
}

}  // namespace

Attempt::Attempt(client::LearnerClient& client, objectstore::DatasetCache& cache, Clock& clock,
                 const LearnerOptions& options, wire::Assignment assignment,
                 std::stop_source cancel)
    : client_(client),
      cache_(cache),
      clock_(clock),
      options_(options),
      assignment_(std::move(assignment)),
      layout_(layout_of(options.work_dir, assignment_, confinement_of(assignment_, options))),
      record_(options.work_dir / "outcome", boot_id()),
      cancel_(std::move(cancel)),
      courier_(client, clock, options.work_dir / fmt::format("journal-{}", options.attempt),
               courier_options()),
      training_log_(layout_.log_file(kTrainingLog), clock, [this] { courier_.log_grew(); }),
      data_log_(layout_.log_file(kLoadDataLog), clock, [this] { courier_.log_grew(); }),
      model_log_(layout_.log_file(kLoadModelLog), clock, [this] { courier_.log_grew(); }) {
  if (assignment_.cancel_requested) cancel_.request_stop();
}

CourierOptions Attempt::courier_options() {
  return {.attempt = options_.attempt,
          .log_directory = layout_.logs(),
          .metrics_file = layout_.log_dir() / kMetricsFile,
          .on_cancel = [this] { cancel_.request_stop(); },
          .on_superseded =
              [this] {
                abandon_.request_stop();
                cancel_.request_stop();
              }};
}

LearnerEnd Attempt::run() {
  if (courier_.finished()) {  // an earlier process of this attempt did it all but tell
    return courier_.flush() ? LearnerEnd::Reported : LearnerEnd::Superseded;
  }
  const Finished outcome = work();
  if (courier_.superseded()) return LearnerEnd::Superseded;
  record_.save(outcome);  // before anyone is told that the command ended
  if (exit_code_) courier_.event(model::TrainingEnded{options_.attempt, *exit_code_});
  courier_.event(model::StoringStarted{options_.attempt});
  const LearnerEnd end = report(store(outcome));
  if (end == LearnerEnd::Reported && stored_) release_logs(layout_);
  return end;
}

// ---- until the command ended --------------------------------------------------------------------

model::Finished Attempt::work() {
  try {
    if (assignment_.recover || fs::exists(layout_.execute_marker())) return recovered();
    if (cancel_.stop_requested()) return canceled();
    return begin_and_execute();
  } catch (const StepError& e) {
    return cancel_.stop_requested() ? canceled() : failed(judge_error(e.step(), e));
  } catch (const Error& e) {
    return failed(judge_error(Step::Prepare, e));
  } catch (const std::exception& e) {
    return failed(judge_error(Step::Prepare, Error(ErrorKind::Internal, e.what())));
  }
}

model::Finished Attempt::begin_and_execute() {
  courier_.event(model::StagingStarted{options_.attempt});
  record_.remove();
  fs::remove(layout_.storing_since());
  if (!assignment_.runtime.failure.empty()) return runtime_failed();
  prepare_directories(layout_, owner(), assignment_.runtime.kind == "host");
  dataset_.emplace(
      stage_in({.client = client_,
                .cache = cache_,
                .open_store = options_.open_store,
                .clock = clock_,
                .assignment = assignment_,
                .layout = layout_,
                .owner = owner(),
                .keep_free = options_.keep_free,
                .model_log = model_log_,
                .data_log = data_log_,
                .on_progress = [this](const wire::Progress& p) { courier_.progress(p); }},
               cancel_.get_token()));
  if (cancel_.stop_requested()) return canceled();
  return execute_command(*dataset_);
}

model::Finished Attempt::execute_command(const objectstore::Dataset& dataset) {
  const Command command = make_command({.layout = layout_,
                                        .assignment = assignment_,
                                        .data_directory = dataset.directory(),
                                        .hidden = options_.hidden,
                                        .user = options_.user,
                                        .guard = options_.guard});
  mark_execute();
  courier_.event(model::TrainingStarted{options_.attempt});
  training_log_.own_line(banner(command_environment(layout_, assignment_, {}),
                                assignment_.manifest.framework.name, clock_.now()));
  // While the command runs: the mark and the data reach the disk.
  syncs_.emplace_back([this] {
    try {
      fsync_path(layout_.execute_marker());
      fsync_path(layout_.work);
    } catch (const Error& e) {
      log::warn("{}", e.what());
    }
    dataset_->persist();
  });
  start_syncing();
  ExecuteResult result;
  try {
    const DiskGuard guard(options_.work_dir, spare_bytes(options_.work_dir, kSpareDisk, 8));
    result = execute(command, training_log_, assignment_.cancel_grace, cancel_.get_token(),
                     [&] { return guard.must_end(); });
  } catch (const Error& e) {
    training_log_.own_line(fmt::format("The command could not be started: {}\n", e.what()));
    throw StepError(Step::Start, e);
  }
  if (result.stopped || result.out_of_room) remove_container();
  exit_code_ = result.exit_code;
  CommandEnd end{.exit_code = result.exit_code,
                 .last_lines = last_lines(layout_.log_file(kTrainingLog), kJudgedLines),
                 .out_of_room = result.out_of_room,
                 .kernel_out_of_memory = result.kernel_out_of_memory};
  training_log_.own_line(closing_line(result.exit_code));
  if (result.stopped) return canceled();
  return result.exit_code == 0 ? completed() : failed(judge_command(end));
}

// Just before the start, and not synced: a power failure would have to strike before the sync that
// runs beside the command for it to be started again.
void Attempt::mark_execute() const {
  open_file(layout_.execute_marker(), O_WRONLY | O_CREAT, 0600);
}

model::Finished Attempt::runtime_failed() {
  const std::string& reason = assignment_.runtime.failure;
  log_runtime(assignment_.runtime, model_log_);
  model_log_.line("failed: " + reason);
  return failed(judge_error(Step::Runtime, Error(ErrorKind::Unavailable, reason)));
}

// The command ran under a learner that is gone: it is not started again, its results are saved.
model::Finished Attempt::recovered() {
  const auto strays = end_strays("TRAINING_ID=" + layout_.run_id, kStrayPatience);
  if (strays > 0) log::warn("ended {} processes that the run had left behind", strays);
  remove_container();
  if (auto known = record_.load()) {
    known->attempt = options_.attempt;
    return *known;
  }
  auto lines = last_lines(layout_.log_file(kTrainingLog), kJudgedLines);
  training_log_.own_line(
      "The process that watched this run is gone; what it left is being stored.\n");
  return cancel_.stop_requested() ? canceled() : failed(judge_cut_off(std::move(lines)));
}

// A container outlives the program that started it, when that was killed.
void Attempt::remove_container() {
  if (layout_.confinement != Confinement::Container) return;
  try {
    SystemProcessRunner().run(
        {.argv = {assignment_.runtime.image_program, "rm", "--force", layout_.run_id}});
  } catch (const Error& e) {
    log::warn("the run's container may be left: {}", e.what());
  }
}

// ---- afterwards, always -------------------------------------------------------------------------

void Attempt::open_results() {
  if (stage_out_) return;
  const auto& reference = assignment_.manifest.training_results;
  auto retries = std::make_shared<objectstore::RetryWatch>();
  results_ = options_.open_store(reference, {}, retries);
  stage_out_.emplace(
      StageOutRequest{.layout = layout_,
                      .store = *results_,
                      .retries = std::move(retries),
                      .prefix = objectstore::folder_prefix(reference.prefix),
                      .command_began = assignment_.recover || fs::exists(layout_.execute_marker()),
                      .keep_trying = assignment_.store_retry,
                      .clock = clock_,
                      .on_progress = [this](const wire::Progress& p) { courier_.progress(p); },
                      .tell = [this](std::string_view text) { training_log_.line(text); }});
}

// What fails here, fails at the end again, and is dealt with then.
void Attempt::start_syncing() {
  if (assignment_.results_quiet == Milliseconds(0)) return;
  try {
    open_results();
    stage_out_->start_syncing(assignment_.results_quiet, abandon_.get_token());
  } catch (const std::exception& e) {
    log::warn("results are stored at the end only: {}", e.what());
  }
}

model::Finished Attempt::store(const Finished& outcome) {
  syncs_.emplace_back([this] { record_.make_durable(); });
  // A cancel that comes now is for the waiting, should the store be away.
  const auto hurry = cancel_.stop_requested() ? std::stop_token() : cancel_.get_token();
  try {
    open_results();
    stage_out_->finish(hurry, abandon_.get_token());
    release_directories(layout_);
    stored_ = true;
    return outcome;
  } catch (const Error& e) {
    return not_stored(outcome, e);
  } catch (const std::exception& e) {
    return not_stored(outcome, Error(ErrorKind::Internal, e.what()));
  }
}

model::Finished Attempt::not_stored(Finished outcome, const Error& error) {
  if (abandon_.stop_requested()) return outcome;
  model::Verdict verdict = judge_error(Step::Store, error);
  verdict.message +=
      fmt::format("; they are kept on the machine, in {} and {}, until the run is deleted",
                  layout_.results_bucket_dir().string(), layout_.log_dir().string());
  training_log_.line(verdict.message);
  if (outcome.verdict) {
    outcome.verdict->message += ". " + verdict.message;
  } else {
    outcome.verdict = std::move(verdict);
  }
  if (outcome.outcome == model::RunState::Completed) outcome.outcome = model::RunState::Error;
  return outcome;
}

LearnerEnd Attempt::report(const Finished& outcome) {
  if (courier_.superseded()) return LearnerEnd::Superseded;
  courier_.event(outcome);
  return courier_.flush() ? LearnerEnd::Reported : LearnerEnd::Superseded;
}

model::Finished Attempt::failed(model::Verdict verdict) const {
  return {options_.attempt, model::RunState::Error,
          without_secrets(std::move(verdict), assignment_.manifest)};
}

std::optional<sandbox::User> Attempt::owner() const {
  return layout_.confinement == Confinement::Sandbox ? options_.user : std::nullopt;
}

}  // namespace trainyard::learner
