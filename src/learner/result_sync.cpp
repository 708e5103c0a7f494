#include "learner/result_sync.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/processor_time.hpp"

namespace trainyard::learner {
namespace {

constexpr int kRestPerWork = 20;  // of the processor
constexpr Milliseconds kFirstPauseAfterFailure{10'000};
constexpr Milliseconds kLongestPause{300'000};

}  // namespace

ResultSync::ResultSync(ResultUpload& upload, Milliseconds quiet, Clock& clock,
                       std::stop_token abandon)
    : quiet_(quiet), clock_(clock) {
  results_ = start([&, quiet](std::stop_token stop) { return upload.sync(quiet, stop); }, abandon);
  logs_ =
      start([&, quiet](std::stop_token stop) { return upload.sync_logs(quiet, stop); }, abandon);
}

std::jthread ResultSync::start(Pass pass, const std::stop_token& abandon) {
  return std::jthread([this, pass = std::move(pass), abandon](std::stop_token stop) {
    std::stop_source either;
    const auto end = [&] { either.request_stop(); };
    const std::stop_callback on_stop(std::move(stop), end), on_abandon(abandon, end);
    work(pass, either.get_token());
  });
}

void ResultSync::work(const Pass& pass, std::stop_token stop) {
  Milliseconds after_failure = kFirstPauseAfterFailure;
  Milliseconds pause = quiet_;
  while (clock_.sleep_for(pause, stop)) {
    const TimePoint begin = clock_.now();
    const auto worked = thread_processor_time();
    try {
      const bool failed = pass(stop) > 0;
      const auto work = std::chrono::duration_cast<Milliseconds>(thread_processor_time() - worked);
      const Milliseconds rest = std::max(kRestPerWork * work, clock_.now() - begin);
      pause = std::max(quiet_, std::min(kLongestPause, rest));
      if (failed) pause = std::max(pause, after_failure);
      after_failure = failed ? std::min(after_failure * 2, kLongestPause) : kFirstPauseAfterFailure;
    } catch (const std::exception& e) {
      if (stop.stop_requested()) return;
      return log::warn("results are stored at the end only: {}", e.what());
    }
  }
}

}  // namespace trainyard::learner
