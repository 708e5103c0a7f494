#pragma once
// How the run will end, on disk before anyone is told that the command ended: a learner that is
// killed while it stores results leaves it to the next attempt.
//
// After a power failure the results that the record speaks of may be gone from the disk. It then
// counts only when it was made durable, which happens after everything else was written.
#include <filesystem>
#include <optional>
#include <string>

#include "model/run.hpp"

namespace trainyard::learner {

class OutcomeRecord {
 public:
  // `boot` is the present boot_id().
  OutcomeRecord(std::filesystem::path file, std::string boot)
      : file_(std::move(file)), boot_(std::move(boot)) {}

  // Never throws; without space it is not kept.
  void save(const model::Finished& outcome) const noexcept;
  // Syncs the file system and says so in the record, if there is one. May take long; never throws.
  void make_durable() const noexcept;
  // nullopt when there is none that counts.
  std::optional<model::Finished> load() const;
  void remove() const;

 private:
  std::optional<std::string> event_text() const;

  std::filesystem::path file_;
  std::string boot_;
};

}  // namespace trainyard::learner
