#pragma once
// The results bucket's side of a run: what it leaves goes up while it runs, and after the command,
// whatever became of it (T22), all that is there.
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "base/clock.hpp"
#include "learner/layout.hpp"
#include "learner/result_sync.hpp"
#include "learner/result_upload.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::learner {

struct StageOutRequest {
  const Layout& layout;
  objectstore::ObjectStore& store;
  std::shared_ptr<objectstore::RetryWatch> retries = nullptr;  // of the store
  std::string prefix;  // of all keys; empty or ending in '/'
  bool command_began = true;
  Milliseconds keep_trying;  // while the store is away, from the first try on, whoever made it
  Clock& clock;
  std::function<void(const wire::Progress&)> on_progress;  // with what stands in the way
  // For the user: what was left out, or why it takes longer and when the next try is.
  std::function<void(std::string_view)> tell;
};

class StageOut {
 public:
  explicit StageOut(StageOutRequest request);

  // While the command runs; see ResultSync. At most once, before finish().
  void start_syncing(Milliseconds quiet, std::stop_token abandon);
  // Stores what is there, each file once, and tries again while the store is away. What can be
  // stored is, also when something else cannot. Throws the first error when it gives up; the local
  // files stay. `hurry`: a user has become impatient; the next try comes at once, and others as
  // before. `abandon`: stop at once (Canceled).
  void finish(std::stop_token hurry, std::stop_token abandon);

 private:
  TimePoint deadline() const;
  void wait(const Error& error, Milliseconds pause, std::stop_token hurry, std::stop_token abandon);

  const StageOutRequest request_;
  std::string
      trouble_;  // that the results could not be stored; told while something still is in the way
  ResultUpload upload_;
  std::optional<ResultSync> sync_;  // last: it uses the above
};

}  // namespace trainyard::learner
