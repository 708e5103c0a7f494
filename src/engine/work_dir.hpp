#pragma once
// A run's work directory, RUNS/<run id>/ (mode 0700), as the local engine sees it. The learner puts
// its own files beside these:
//   token        the learner's token for the API (0600), of the newest attempt
//   learner.log  what the learners wrote to stdout and stderr
//   lock         the LockFile that a learner holds while it works, with the note "attempt N"
//   attempt-N.handle, attempt-N.exit   what was started for attempt N, and how it ended
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/lock_file.hpp"
#include "base/secret.hpp"
#include "engine/learner_handle.hpp"
#include "model/ids.hpp"

namespace trainyard::engine {

class WorkDir {
 public:
  WorkDir(const std::filesystem::path& runs, const model::RunId& run);
  const std::filesystem::path& path() const noexcept { return path_; }

  void create() const;
  void write_token(const Secret& token) const;
  Fd open_learner_log() const;

  void write_handle(const LearnerHandle& handle) const;
  std::optional<LearnerHandle> handle_of(unsigned attempt) const;
  // Who took the lock for `attempt`, alive or not.
  std::optional<ProcessIdentity> lock_taken_by(unsigned attempt) const;

  // Nothing happens when the directory is gone.
  void write_exit(unsigned attempt, std::string_view detail) const;
  std::optional<std::string> exit_of(unsigned attempt) const;
  // The last line of learner.log that is not empty, fit for a message; empty when there is none.
  std::string last_words() const;

 private:
  std::filesystem::path file(unsigned attempt, std::string_view kind) const;

  model::RunId run_;
  std::filesystem::path path_;
};

}  // namespace trainyard::engine
