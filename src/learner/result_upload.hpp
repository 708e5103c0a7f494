#pragma once
// What a run leaves, on its way into the results bucket (wml-v3 e.4), as often as asked: results,
// checkpoints, LOG_DIR and the run's own logs. What was sent is not sent again until it changes.
//
//   RESULT_DIR      <id>/…
//   LOG_DIR         <id>/learner-1/…, and there too the run's own logs, whose names nothing else
//   gets;
//                   what RESULT_DIR has of a folder learner-1 goes beside it
//   CHECKPOINT_DIR  _wml_checkpoints/…, but for what was loaded from there and is as it was
// all below the prefix of training_results, when the manifest has one.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "learner/layout.hpp"
#include "objectstore/local_tree.hpp"
#include "objectstore/retry.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {

struct ResultUploadOptions {
  const Layout& layout;
  objectstore::ObjectStore& store;
  std::string prefix;  // of all keys; empty or ending in '/'
  // Before that, CHECKPOINT_DIR holds what others stored, and perhaps not all of it.
  bool command_began = true;
  std::shared_ptr<objectstore::RetryWatch> retries = nullptr;   // of the store
  std::function<void(const wire::Progress&)> on_progress = {};  // of finish()
  std::function<void(std::string_view)> tell = {};  // the user, once, of what is left out
};

// One thread at a time, but that sync() and sync_logs() may run side by side. The directories may
// be swapped for anything by the command at any moment: no link leads out of them.
class ResultUpload {
 public:
  explicit ResultUpload(ResultUploadOptions options);
  ~ResultUpload();

  // Everything that has not changed for `quiet`. Returns how much could not be stored, files or
  // trees, and logs the first reason. Throws Canceled.
  std::uint64_t sync(Milliseconds quiet, std::stop_token stop);
  // The same for the run's own logs, which may never rest: of these a state that is at most five
  // minutes old.
  std::uint64_t sync_logs(Milliseconds quiet, std::stop_token stop);

  // The first of each sort. Only what the store itself refuses, in its own words, lasts, and what
  // is wrong here: a proxy's page, a certificate that has expired and a listing that is none pass.
  struct Failures {
    std::optional<Error> lasting, passing;
  };
  // Everything; the logs last, because they tell of the rest. A store that does not answer is asked
  // once, and not for each file. What uploads of this or an earlier learner left unfinished below
  // the run's own folder is removed. Never throws but for defects.
  Failures finish(std::stop_token stop);

 private:
  struct Failed;
  struct Tree;
  struct LogState {
    std::uint64_t size = 0;
    std::filesystem::file_time_type changed{};
    std::optional<std::filesystem::file_time_type> sent = {};
  };

  void report(const objectstore::TransferProgress& progress, bool only_trouble);
  template <typename Fn>
  auto telling_trouble(Fn&& fn);
  std::optional<Error> ask(std::stop_token stop);
  objectstore::UploadRules rules_of(const Tree& tree) const;
  bool open(Tree& tree, objectstore::Locked locked);
  void store(Tree& tree, std::stop_token stop);
  void sync_log(std::string_view name, Milliseconds quiet, std::stop_token stop);
  void tidy(std::stop_token stop);
  std::string run_folder() const;
  std::string learner_folder() const;
  template <typename Fn>
  void attempt(std::stop_token stop, Fn&& fn);

  const ResultUploadOptions options_;
  std::vector<Tree> trees_;
  std::map<std::string_view, LogState> logs_;  // as sync() sent them
  Failures failures_;
  std::set<std::string> told_;
};

}  // namespace trainyard::learner
