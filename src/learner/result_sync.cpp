#include "learner/result_sync.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace trainyard::learner {
namespace {

constexpr int kRestPerPass = 20;
constexpr Milliseconds kFirstPauseAfterFailure{10'000};
constexpr Milliseconds kLongestPauseAfterFailure{300'000};

}  // namespace

ResultSync::ResultSync(ResultUpload& upload, Milliseconds quiet, Clock& clock,
                       std::stop_token abandon)
    : upload_(upload), quiet_(quiet), clock_(clock) {
  thread_ = std::jthread([this, abandon = std::move(abandon)](std::stop_token stop) {
    std::stop_source either;
    const auto end = [&] { either.request_stop(); };
    const std::stop_callback on_stop(std::move(stop), end), on_abandon(abandon, end);
    work(either.get_token());
  });
}

void ResultSync::work(std::stop_token stop) {
  Milliseconds after_failure = kFirstPauseAfterFailure;
  Milliseconds pause = quiet_;
  while (clock_.sleep_for(pause, stop)) {
    const TimePoint begin = clock_.now();
    try {
      const bool failed = upload_.sync(quiet_, stop) > 0;
      pause = std::max(quiet_, kRestPerPass * (clock_.now() - begin));
      if (failed) pause = std::max(pause, after_failure);
      after_failure =
          failed ? std::min(after_failure * 2, kLongestPauseAfterFailure) : kFirstPauseAfterFailure;
    } catch (const std::exception& e) {
      if (stop.stop_requested()) return;
      return log::warn("results are stored at the end only: {}", e.what());
    }
  }
}

}  // namespace trainyard::learner
