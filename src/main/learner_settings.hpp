#pragma once
// What the service settles for all learners of this machine, in a file beside their work
// directories, so that a learner started by an older service finds what that one meant.
#include <cstdint>
#include <filesystem>
#include <string>

namespace trainyard {

struct LearnerSettings {
  std::filesystem::path state_directory;  // hidden from commands
  std::filesystem::path cache_directory;
  std::uint64_t cache_bytes = 0;
  std::uint64_t keep_free = std::uint64_t(1) << 30;  // bytes on the disk
  std::string ca_file;
  bool sandboxed = false;
  unsigned user_id = 0, group_id = 0;  // of commands when the service is root; 0: as the service
};

void write_learner_settings(const std::filesystem::path& runs_directory,
                            const LearnerSettings& settings);
LearnerSettings read_learner_settings(const std::filesystem::path& runs_directory);

}  // namespace trainyard
