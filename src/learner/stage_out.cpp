#include "learner/stage_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/files.hpp"
#include "learner/directories.hpp"
#include "learner/transfer_progress.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {
namespace {

constexpr Milliseconds kFirstPause{1'000};
constexpr Milliseconds kLongestPause{300'000};
// The program's own metrics and summaries; wml-v3 (e.5) has readers look for them beside the log.
constexpr std::string_view kMetricsFile = "evaluation-metrics.txt";

class Upload {
 public:
  explicit Upload(const StageOutRequest& request)
      : request_(request),
        results_(uploader(request.layout.result_dir(), request.layout.run_id)),
        logs_(uploader(request.layout.log_dir(), request.layout.run_id + "/logs")),
        checkpoints_(uploader(request.layout.checkpoint_dir(), "_wml_checkpoints")) {}

  void once(std::stop_token stop) {
    for (auto* uploader : {results_.get(), logs_.get(), checkpoints_.get()}) {
      if (uploader) uploader->finish(stop);
    }
    const std::string folder = request_.layout.run_id + "/learner-1/";
    for (const auto name : kLogFiles) put(request_.layout.log_file(name), folder, name, stop);
    put(request_.layout.log_dir() / kMetricsFile, folder, kMetricsFile, stop);
  }

 private:
  std::unique_ptr<objectstore::TreeUploader> uploader(const fs::path& directory,
                                                      const std::string& prefix) {
    if (!is_own_directory(request_.layout, directory) || fs::is_empty(directory)) return nullptr;
    objectstore::TransferOptions options;
    options.on_progress = [this](const objectstore::TransferProgress& progress) {
      request_.on_progress(wire_progress("storing", progress));
    };
    return objectstore::make_tree_uploader(request_.store, directory, prefix, std::move(options));
  }

  void put(const fs::path& file, const std::string& folder, std::string_view name,
           std::stop_token stop) {
    if (!fs::is_regular_file(fs::symlink_status(file))) return;
    objectstore::upload_file(request_.store, file, folder + std::string(name), stop);
  }

  const StageOutRequest& request_;
  std::unique_ptr<objectstore::TreeUploader> results_, logs_, checkpoints_;
};

}  // namespace

void stage_out(const StageOutRequest& request, std::stop_token stop) {
  Upload upload(request);
  const TimePoint deadline = request.clock.now() + request.keep_trying;
  for (Milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    try {
      upload.once(stop);
      return;
    } catch (const Error& e) {
      if (!e.retryable() || request.clock.now() + pause > deadline) throw;
      request.on_trouble(fmt::format("the results could not be stored: {}; next try in {}",
                                     e.what(), format_duration(pause)));
    }
    if (!request.clock.sleep_for(pause, stop)) {
      throw Error(ErrorKind::Canceled, "storing the results was stopped");
    }
  }
}

}  // namespace trainyard::learner
