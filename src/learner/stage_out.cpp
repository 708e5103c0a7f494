#include "learner/stage_out.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

constexpr Milliseconds kFirstPause{1'000};
constexpr Milliseconds kLongestPause{300'000};

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

StageOut::StageOut(StageOutRequest request)
    : request_(std::move(request)),
      upload_({.layout = request_.layout,
               .store = request_.store,
               .prefix = request_.prefix,
               .command_began = request_.command_began,
               .retries = request_.retries,
               .on_progress =
                   [this](const wire::Progress& progress) {
                     wire::Progress told = progress;
                     const bool still = !told.trouble.empty() && !trouble_.empty();
                     if (still) told.trouble = trouble_;
                     request_.on_progress(told);
                   },
               .tell = request_.tell}) {}

void StageOut::start_syncing(Milliseconds quiet, std::stop_token abandon) {
  sync_.emplace(upload_, quiet, request_.clock, std::move(abandon));
}

// Counted from the first try of any attempt: a learner that comes after another does not begin
// anew.
// Neither a full disk nor a damaged file keeps results from being stored.
TimePoint StageOut::deadline() const {
  const TimePoint since = request_.clock.now();
  try {
    const fs::path file = request_.layout.storing_since();
    const auto known = fs::exists(file) ? parse_time(trim(read_file(file, 100))) : std::nullopt;
    if (known) return *known + request_.keep_trying;
    write_all(open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0600), format_millis(since));
  } catch (const std::exception& e) {
    log::warn("the time to keep trying begins anew with each attempt: {}", e.what());
  }
  return since + request_.keep_trying;
}

void StageOut::finish(std::stop_token hurry, std::stop_token abandon) {
  sync_.reset();
  const TimePoint until = deadline();
  bool hurried = hurry.stop_requested();  // impatience counts once
  for (Milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const auto failures = upload_.finish(abandon);
    if (abandon.stop_requested()) throw Error(ErrorKind::Canceled, "storing was stopped");
    if (!failures.lasting && !failures.passing) return;
    const bool try_again = failures.passing && request_.clock.now() + pause <= until;
    if (!try_again) throw Error(failures.lasting ? *failures.lasting : *failures.passing);
    trouble_ = fmt::format(
        "the results could not be stored: {}; they are kept on the machine, and storing is tried "
        "again until {}",
        failures.passing->what(), format_seconds(until));
    wait(*failures.passing, pause, hurried ? std::stop_token() : hurry, abandon);
    hurried = hurry.stop_requested();
  }
}

void StageOut::wait(const Error& error, Milliseconds pause, std::stop_token hurry,
                    std::stop_token abandon) {
  request_.tell(fmt::format("the results could not be stored: {}; next try in {}", error.what(),
                            format_duration(pause)));
  wire::Progress progress;
  progress.phase = "storing";
  progress.trouble = trouble_;
  request_.on_progress(progress);
  const Wakeup wakeup(std::move(hurry), std::move(abandon));
  request_.clock.sleep_for(pause, wakeup.token());
}

}  // namespace trainyard::learner
