#include "learner/stage_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "learner/directories.hpp"
#include "learner/transfer_progress.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {
namespace {

namespace os = objectstore;

constexpr Milliseconds kFirstPause{1'000};
constexpr Milliseconds kLongestPause{300'000};

class Upload {
 public:
  explicit Upload(const StageOutRequest& request) : request_(request) {
    const Layout& layout = request.layout;
    add(layout.result_dir(), run_folder());
    add(layout.checkpoint_dir(), request.prefix + std::string(kCheckpoints) + "/");
    add(layout.log_dir(), learner_folder());
  }

  struct Failures {
    std::optional<Error> lasting, passing;  // the first of each sort
  };
  // Tries everything; the logs last, because they tell of the rest.
  Failures once(std::stop_token stop) {
    failures_ = {};
    for (auto& tree : trees_) attempt([&] { store(*tree, stop); });
    for (const auto name : kLogFiles) {
      const fs::path file = request_.layout.log_file(name);
      if (!fs::exists(file)) continue;
      const std::string key = learner_folder() + std::string(name);
      attempt([&] { os::upload_file(request_.store, file, key, stop); });
    }
    return failures_;
  }

 private:
  std::string run_folder() const { return request_.prefix + request_.layout.run_id + "/"; }
  std::string learner_folder() const { return run_folder() + "learner-1/"; }

  void add(const fs::path& directory, const std::string& prefix) {
    std::error_code missing;
    if (!fs::exists(fs::symlink_status(directory, missing))) return;
    if (!is_own_directory(request_.layout, directory)) {
      request_.tell(fmt::format("{} is no directory any more: nothing of it is stored",
                                request_.layout.seen(directory).string()));
      return;
    }
    if (fs::is_empty(directory, missing)) return;
    os::TransferOptions options;
    options.on_progress = [this](const os::TransferProgress& progress) {
      request_.on_progress(wire_progress("storing", progress));
    };
    options.on_log = [](std::string_view text) { log::info("{}", text); };
    trees_.push_back(os::make_tree_uploader(request_.store, directory, prefix, std::move(options)));
  }

  void store(os::TreeUploader& tree, std::stop_token stop) {
    for (const auto& remark : tree.finish(std::move(stop)).remarks) {
      auto text = fmt::format("{}: {}", printable(remark.name), remark.detail);
      if (told_.insert(text).second) request_.tell(text);
    }
  }

  template <typename Fn>
  void attempt(Fn&& fn) {
    try {
      fn();
    } catch (const Error& e) {
      keep(e);
    } catch (const std::exception& e) {
      keep(Error(ErrorKind::Internal, e.what()));
    }
  }
  void keep(const Error& error) {
    auto& place = error.retryable() ? failures_.passing : failures_.lasting;
    if (!place) place = error;
  }

  const StageOutRequest& request_;
  std::vector<std::unique_ptr<os::TreeUploader>> trees_;
  Failures failures_;
  std::set<std::string> told_;
};

class Wakeup {
 public:
  Wakeup(std::stop_token a, std::stop_token b)
      : a_(std::move(a), [this] { stop_.request_stop(); }),
        b_(std::move(b), [this] { stop_.request_stop(); }) {}
  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> a_, b_;
};

}  // namespace

void stage_out(const StageOutRequest& request, std::stop_token hurry, std::stop_token abandon) {
  Upload upload(request);
  const Wakeup wakeup(hurry, abandon);
  const TimePoint deadline = request.clock.now() + request.keep_trying;
  for (Milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const bool last_try = hurry.stop_requested();
    const auto failures = upload.once(abandon);
    if (abandon.stop_requested()) throw Error(ErrorKind::Canceled, "storing was stopped");
    if (!failures.lasting && !failures.passing) return;
    const bool try_again = failures.passing && !last_try && request.clock.now() + pause <= deadline;
    if (!try_again) throw Error(failures.lasting ? *failures.lasting : *failures.passing);
    request.tell(fmt::format("the results could not be stored: {}; next try in {}",
                             failures.passing->what(), format_duration(pause)));
    request.clock.sleep_for(pause, wakeup.token());
  }
}

}  // namespace trainyard::learner
