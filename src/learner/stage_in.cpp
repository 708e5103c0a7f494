#include "learner/stage_in.hpp"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

#include "base/files.hpp"
#include "base/strings.hpp"
#include "learner/checkpoint_record.hpp"
#include "learner/directories.hpp"
#include "learner/load_model.hpp"
#include "learner/transfer_progress.hpp"
#include "objectstore/open_store.hpp"
#include "objectstore/transfer.hpp"
#include "wire/progress_text.hpp"

namespace trainyard::learner {
namespace {

namespace os = objectstore;

constexpr std::chrono::seconds kLogProgressEvery{10};
// Nothing is lost by waiting for a store that is away, and a run that ends has to queue again.
constexpr os::RetryPolicy kFetchRetry{.longest = std::chrono::seconds(10),
                                      .patience = std::chrono::minutes(10)};
// Other runs may store checkpoints in the folder that is loaded: each of these lists it anew.
constexpr unsigned kCheckpointTries = 5;
constexpr Milliseconds kCheckpointPause{500};  // before the second, then doubled

// Steps that run at the same time; the first that fails stops the others.
class Steps {
 public:
  explicit Steps(std::stop_token outer)
      : forward_(std::move(outer), [this] { stop_.request_stop(); }) {}

  template <typename Fn>
  void run(Step step, RunLog& log, Fn&& fn) {
    try {
      fn(stop_.get_token());
    } catch (const Error& e) {
      failed(step, log, e);
    } catch (const std::exception& e) {
      failed(step, log, Error(ErrorKind::Internal, e.what()));
    }
  }
  template <typename Fn>
  std::jthread start(Step step, RunLog& log, Fn fn) {
    return std::jthread([this, step, &log, fn = std::move(fn)] { run(step, log, fn); });
  }
  // To be called when all have ended.
  void rethrow_failure() const {
    if (failure_) throw StepError(*failure_);
  }

 private:
  void failed(Step step, RunLog& log, const Error& error) {
    if (error.kind() != ErrorKind::Canceled) log.line(std::string("failed: ") + error.what());
    std::scoped_lock guard(mutex_);
    if (!failure_) failure_.emplace(step, error);
    stop_.request_stop();
  }

  std::stop_source stop_;
  std::mutex mutex_;
  std::optional<StepError> failure_;
  std::stop_callback<std::function<void()>> forward_;  // last: it may call at once
};

// A line in the load log now and then, so that it tells of a long transfer while it goes on.
class ProgressLines {
 public:
  explicit ProgressLines(RunLog& log, std::string_view of = "") : log_(log), of_(of) {}
  void add(const wire::Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kLogProgressEvery) return;
    last_ = now;
    log_.line(of_ + wire::progress_text(progress));
  }

 private:
  RunLog& log_;
  const std::string of_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void log_retries(RunLog& log, std::string_view of, os::RetryWatch& watch) {
  const os::RetryState retries = watch.state();
  if (retries.in_all == 0) return;
  log.line(fmt::format("{} requests for {} had to be tried again, at last after: {}",
                       retries.in_all, of, retries.last_error));
}

// The markers of folders are in the report, too, and became directories.
bool holds_files(const os::Dataset& dataset) {
  if (dataset.report().bytes != 0) return true;
  return has_files(dataset.directory());
}

// The progress that is shown is the data's, with what stands in the way of either.
os::Dataset load_data(const StageInRequest& request, os::RetryWatch& of_checkpoints,
                      std::stop_token stop) {
  const auto& reference = request.assignment.manifest.training_data;
  const auto watch = std::make_shared<os::RetryWatch>();
  const auto store = request.open_store(reference, kFetchRetry, watch);
  const bool confined = request.layout.confinement != Confinement::None;
  os::StageRequest wanted{
      .prefix = os::folder_prefix(reference.prefix),
      .access = confined ? os::DataAccess::SharedReadOnly : os::DataAccess::PrivateCopy,
      .directory = request.layout.data_dir(),
      .transfer = {.free_floor = request.keep_free},
      .credentials = os::credentials_of(reference)};
  wanted.transfer.on_log = [&](std::string_view text) { request.data_log.line(text); };
  ProgressLines lines(request.data_log);
  wanted.transfer.on_progress = [&](const os::TransferProgress& progress) {
    os::RetryState retries = watch->state();
    if (retries.under_way == 0) retries = of_checkpoints.state();
    const wire::Progress told = wire_progress("staging", progress, retries);
    lines.add(told);
    request.on_progress(told);
  };
  os::Dataset dataset = request.cache.stage(*store, wanted, std::move(stop));
  log_retries(request.data_log, "the data", *watch);
  // Emptied since submit, or never looked at then.
  if (!holds_files(dataset)) throw os::no_training_data(*store, wanted.prefix);
  return dataset;
}

bool may_have_changed_meanwhile(const Error& error) {
  return error.kind() == ErrorKind::Conflict || error.kind() == ErrorKind::NotFound;
}

// The directory stays: it belongs to the command's user.
void remove_contents(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) remove_tree(entry.path());
}

os::TreeReport download_checkpoints(const StageInRequest& request, os::ObjectStore& store,
                                    const std::string& prefix, const os::TransferOptions& options,
                                    const std::stop_token& stop) {
  const auto directory = request.layout.checkpoint_dir();
  Milliseconds pause = kCheckpointPause;
  for (unsigned tried = 1;; ++tried, pause *= 2) {
    try {
      return os::download_tree(store, prefix, directory, options, stop);
    } catch (const Error& e) {
      if (tried == kCheckpointTries || !may_have_changed_meanwhile(e)) throw;
      request.data_log.line(fmt::format("CHECKPOINT_DIR: {}; listing it anew, time {} of {}",
                                        e.what(), tried + 1, kCheckpointTries));
    }
    if (!request.clock.sleep_for(pause, stop)) {
      throw Error(ErrorKind::Canceled, "stopped while waiting to load the checkpoints anew");
    }
    remove_contents(directory);
  }
}

// Shown while something stands in the way: the data may be there already.
void load_checkpoints(const StageInRequest& request, const std::shared_ptr<os::RetryWatch>& watch,
                      std::stop_token stop) {
  const auto& reference = request.assignment.manifest.training_results;
  const auto store = request.open_store(reference, kFetchRetry, watch);
  const auto prefix = os::folder_prefix(reference.prefix) + std::string(kCheckpoints) + "/";
  const auto directory = request.layout.checkpoint_dir();
  os::TransferOptions options{.free_floor = request.keep_free};
  ProgressLines lines(request.data_log, "CHECKPOINT_DIR: ");
  options.on_progress = [&](const os::TransferProgress& progress) {
    const wire::Progress told = wire_progress("staging", progress, watch->state());
    if (told.trouble.empty()) return;
    lines.add(told);
    request.on_progress(told);
  };
  const auto report = download_checkpoints(request, *store, prefix, options, stop);
  log_retries(request.data_log, "CHECKPOINT_DIR", *watch);
  if (report.files == 0) return;
  save_checkpoint_record(request.layout, os::look_at_files(directory, stop));
  give_tree(directory, request.owner);
  request.data_log.line("CHECKPOINT_DIR: " + std::to_string(report.files) + " files, " +
                        format_bytes(report.bytes));
}

}  // namespace

os::Dataset stage_in(const StageInRequest& request, std::stop_token stop) {
  Steps steps(std::move(stop));
  const auto of_checkpoints = std::make_shared<os::RetryWatch>();
  std::optional<os::Dataset> dataset;
  {
    const auto model = steps.start(Step::LoadModel, request.model_log, [&](std::stop_token token) {
      load_model(request, std::move(token));
    });
    const auto checkpoints =
        steps.start(Step::LoadCheckpoints, request.data_log, [&](std::stop_token token) {
          load_checkpoints(request, of_checkpoints, std::move(token));
        });
    steps.run(Step::LoadData, request.data_log, [&](std::stop_token token) {
      dataset.emplace(load_data(request, *of_checkpoints, std::move(token)));
    });
  }
  steps.rethrow_failure();
  return *std::move(dataset);
}

}  // namespace trainyard::learner
