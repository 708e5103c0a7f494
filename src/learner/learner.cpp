#include "learner/learner.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/lock_file.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "learner/banner.hpp"
#include "learner/command.hpp"
#include "learner/courier.hpp"
#include "learner/directories.hpp"
#include "learner/environment.hpp"
#include "learner/execute.hpp"
#include "learner/process_tree.hpp"
#include "learner/stage_in.hpp"
#include "learner/stage_out.hpp"
#include "learner/verdict.hpp"

namespace trainyard::learner {
namespace {

constexpr std::size_t kBuildLogLimit = 8u << 20;

// Asks until the server answers; nullopt when the run is not ours (any more).
std::optional<wire::Assignment> fetch_assignment(client::LearnerClient& client, Clock& clock,
                                                 std::stop_token stop) {
  for (Milliseconds pause{50};; pause = std::min(pause * 2, Milliseconds(5'000))) {
    try {
      return client.assignment({});
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::NotFound || e.kind() == ErrorKind::Unauthenticated) {
        log::warn("no assignment: {}", e.what());
        return std::nullopt;
      }
      if (!e.retryable()) throw;
      if (!clock.sleep_for(pause, stop)) return std::nullopt;
    }
  }
}

struct Outcome {
  model::RunState state = model::RunState::Completed;
  std::optional<model::Verdict> verdict;

  static Outcome failed(model::Verdict verdict) {
    return {model::RunState::Error, std::move(verdict)};
  }
  static Outcome canceled() { return {model::RunState::Canceled, std::nullopt}; }
};

Confinement confinement(const LearnerOptions& options, const wire::Assignment& assignment) {
  if (!assignment.runtime.image.empty()) return Confinement::Container;
  return options.sandboxed ? Confinement::Sandbox : Confinement::None;
}

class Learner {
 public:
  Learner(client::LearnerClient& client, objectstore::DatasetCache& cache, Clock& clock,
          const LearnerOptions& options, wire::Assignment assignment, std::stop_source cancel)
      : client_(client),
        cache_(cache),
        clock_(clock),
        options_(options),
        assignment_(std::move(assignment)),
        cancel_(cancel),
        layout_(layout_of(options.work_dir, assignment_, confinement(options, assignment_))),
        courier_(client, clock, options.work_dir / fmt::format("journal-{}", options.attempt),
                 {.attempt = options.attempt,
                  .log_directory = options.work_dir / "logs",
                  .on_cancel = [this] { cancel_.request_stop(); },
                  .on_superseded = [this] { cancel_.request_stop(); }}),
        training_log_(layout_.log_file(kTrainingLog), clock, [this] { courier_.log_grew(); }),
        data_log_(layout_.log_file(kLoadDataLog), clock, [this] { courier_.log_grew(); }),
        model_log_(layout_.log_file(kLoadModelLog), clock, [this] { courier_.log_grew(); }) {
    if (assignment_.cancel_requested) cancel_.request_stop();
  }

  LearnerEnd run() {
    if (courier_.finished())
      return courier_.flush() ? LearnerEnd::Reported : LearnerEnd::Superseded;
    const Outcome worked = work();
    if (courier_.superseded()) return LearnerEnd::Superseded;
    const Outcome outcome = store(worked);
    courier_.flush();
    auto verdict = outcome.verdict;
    if (verdict) verdict = without_secrets(std::move(*verdict), assignment_.manifest);
    courier_.event(model::Finished{options_.attempt, outcome.state, std::move(verdict)});
    return courier_.flush() ? LearnerEnd::Reported : LearnerEnd::Superseded;
  }

 private:
  // ---- before and while the command runs ----
  Outcome work() {
    if (assignment_.recover || fs::exists(layout_.execute_marker())) return recovered();
    try {
      prepare_directories(layout_, owner(), assignment_.runtime.kind == "host");
      if (!assignment_.runtime.failure.empty()) return runtime_failed();
      return stage_and_execute();
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Canceled || cancel_.stop_requested()) return Outcome::canceled();
      throw;
    }
  }

  Outcome stage_and_execute() {
    courier_.event(model::StagingStarted{options_.attempt});
    std::optional<objectstore::Dataset> dataset;
    if (auto failure = guard(Step::LoadModel, model_log_, [&] {
          load_model(client_, assignment_, layout_, owner(), model_log_, cancel_.get_token());
        })) {
      return *failure;
    }
    if (auto failure = guard(Step::LoadData, data_log_, [&] { dataset.emplace(stage_data()); })) {
      return *failure;
    }
    return execute_command(*dataset);
  }

  objectstore::Dataset stage_data() {
    const auto data = objectstore::open_store(assignment_.manifest.training_data, options_.stores);
    const auto results =
        objectstore::open_store(assignment_.manifest.training_results, options_.stores);
    load_checkpoints(*results, layout_, data_log_, cancel_.get_token());
    const bool read_only = layout_.confinement != Confinement::None;
    return load_data(
        cache_, *data, assignment_, layout_, read_only, data_log_,
        [this](const wire::Progress& progress) { courier_.progress(progress); },
        cancel_.get_token());
  }

  Outcome execute_command(objectstore::Dataset& dataset) {
    const Command command = make_command({.layout = layout_,
                                          .assignment = assignment_,
                                          .data_directory = dataset.directory(),
                                          .hidden = options_.hidden,
                                          .user = owner()});
    write_file_atomic(layout_.execute_marker(), "", 0600);
    courier_.event(model::TrainingStarted{options_.attempt});
    training_log_.write(banner(command_environment(layout_, assignment_, {}),
                               assignment_.manifest.framework.name, clock_.now()));
    const std::jthread persist([&] { dataset.persist(); });
    const ExecuteResult result =
        execute(command, training_log_, assignment_.cancel_grace, cancel_.get_token());
    auto lines = judged_lines();
    training_log_.write(closing_line(result.exit_code));
    courier_.event(model::TrainingEnded{options_.attempt, result.exit_code});
    if (result.stopped) return Outcome::canceled();
    if (result.exit_code == 0) return {};
    return Outcome::failed(judge_command({.exit_code = result.exit_code,
                                          .last_lines = std::move(lines),
                                          .kernel_out_of_memory = result.kernel_out_of_memory}));
  }

  std::vector<std::string> judged_lines() const {
    return last_lines(layout_.log_file(kTrainingLog), kJudgedLines);
  }

  Outcome runtime_failed() {
    model_log_.line(assignment_.runtime.failure);
    model_log_.copy_tail(assignment_.runtime.build_log, kBuildLogLimit);
    return Outcome::failed(
        judge_error(Step::Runtime, Error(ErrorKind::Unavailable, assignment_.runtime.failure)));
  }

  // The command ran under a learner that is gone: it is not started again, its results are saved.
  Outcome recovered() {
    training_log_.write(
        "The process that watched this run is gone; what the run left is being stored.\n");
    if (assignment_.cancel_requested) return Outcome::canceled();
    return Outcome::failed(judge_cut_off(judged_lines()));
  }

  // Runs a step of stage-in; what it throws becomes the run's outcome and a line in its log.
  template <typename Fn>
  std::optional<Outcome> guard(Step step, RunLog& log, Fn&& fn) {
    try {
      fn();
      return std::nullopt;
    } catch (const Error& e) {
      if (cancel_.stop_requested()) return Outcome::canceled();
      log.line(std::string("failed: ") + e.what());
      return Outcome::failed(judge_error(step, e));
    } catch (const std::exception& e) {
      log.line(std::string("failed: ") + e.what());
      return Outcome::failed(judge_error(step, Error(ErrorKind::Internal, e.what())));
    }
  }

  // ---- afterwards, always ----
  Outcome store(const Outcome& outcome) {
    courier_.event(model::StoringStarted{options_.attempt});
    try {
      const auto store =
          objectstore::open_store(assignment_.manifest.training_results, options_.stores);
      stage_out({.layout = layout_,
                 .store = *store,
                 .keep_trying = assignment_.store_retry,
                 .clock = clock_,
                 .on_progress = [this](const wire::Progress& p) { courier_.progress(p); },
                 .on_trouble = [](std::string_view text) { log::warn("{}", text); }},
                std::stop_token{});
      release_directories(layout_);
      return outcome;
    } catch (const Error& e) {
      return not_stored(outcome, e);
    }
  }

  Outcome not_stored(const Outcome& outcome, const Error& error) {
    model::Verdict verdict = judge_error(Step::Store, error);
    verdict.message +=
        fmt::format(". They are kept on the machine in {}", layout_.results_bucket_dir().string());
    if (!outcome.verdict) return Outcome::failed(std::move(verdict));
    Outcome both = outcome;
    both.verdict->message += ". " + verdict.message;
    return both;
  }

  // The command's user, who then owns its directories.
  std::optional<sandbox::User> owner() const {
    if (layout_.confinement != Confinement::Sandbox) return std::nullopt;
    return options_.user;
  }

  client::LearnerClient& client_;
  objectstore::DatasetCache& cache_;
  Clock& clock_;
  const LearnerOptions& options_;
  const wire::Assignment assignment_;
  std::stop_source cancel_;
  const Layout layout_;
  Courier courier_;
  RunLog training_log_, data_log_, model_log_;
};

}  // namespace

LearnerEnd run_learner(client::LearnerClient& client, objectstore::DatasetCache& cache,
                       Clock& clock, const LearnerOptions& options, std::stop_source cancel) {
  const auto lock =
      LockFile::try_acquire(options.work_dir / "lock", fmt::format("attempt {}", options.attempt));
  if (!lock) return LearnerEnd::Busy;
  become_subreaper();
  make_private_dir(options.work_dir / "logs");
  auto assignment = fetch_assignment(client, clock, {});
  if (!assignment) return LearnerEnd::Superseded;
  Learner learner(client, cache, clock, options, std::move(*assignment), cancel);
  return learner.run();
}

}  // namespace trainyard::learner
