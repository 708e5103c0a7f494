#include "learner/learner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/lock_file.hpp"
#include "base/log.hpp"
#include "learner/attempt.hpp"
#include "learner/process_tree.hpp"

namespace trainyard::learner {
namespace {

constexpr Milliseconds kFirstPause{20};
constexpr Milliseconds kLongestPause{5'000};

// Asks until the server answers; nullopt when the run is not ours (any more).
std::optional<wire::Assignment> fetch_assignment(client::LearnerClient& client, Clock& clock,
                                                 unsigned attempt) {
  for (Milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    try {
      auto assignment = client.assignment({});
      if (assignment.attempt == attempt) return assignment;
      log::warn("the assignment is for attempt {}", assignment.attempt);
      return std::nullopt;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::NotFound) {
        log::warn("no assignment: {}", e.what());
        return std::nullopt;
      }
      if (!e.retryable()) throw;
      if (pause == kFirstPause) log::warn("waiting for the server: {}", e.what());
    }
    clock.sleep_for(pause, {});
  }
}

}  // namespace

LearnerEnd run_learner(client::LearnerClient& client, objectstore::DatasetCache& cache,
                       Clock& clock, const LearnerOptions& options, std::stop_source cancel) {
  const auto lock =
      LockFile::try_acquire(options.work_dir / "lock", fmt::format("attempt {}", options.attempt));
  if (!lock) return LearnerEnd::Busy;
  become_subreaper();
  make_private_dir(options.work_dir / "logs");
  auto assignment = fetch_assignment(client, clock, options.attempt);
  if (!assignment) return LearnerEnd::Superseded;
  return Attempt(client, cache, clock, options, *std::move(assignment), std::move(cancel)).run();
}

}  // namespace trainyard::learner
