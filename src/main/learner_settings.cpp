#include "main/learner_settings.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard {
namespace {

constexpr const char* kFile = "learner-settings.json";

}  // namespace

void write_learner_settings(const fs::path& runs_directory, const LearnerSettings& settings) {
  const nlohmann::json json = {{"state_directory", settings.state_directory.string()},
                               {"cache_directory", settings.cache_directory.string()},
                               {"cache_bytes", settings.cache_bytes},
                               {"keep_free", settings.keep_free},
                               {"ca_file", settings.ca_file},
                               {"sandboxed", settings.sandboxed},
                               {"user_id", settings.user_id},
                               {"group_id", settings.group_id}};
  write_file_atomic(runs_directory / kFile, json.dump(2) + "\n");
}

LearnerSettings read_learner_settings(const fs::path& runs_directory) {
  const auto json = nlohmann::json::parse(read_file(runs_directory / kFile), nullptr, false);
  if (!json.is_object()) {
    throw Error(ErrorKind::Corrupt, (runs_directory / kFile).string() + " is damaged");
  }
  LearnerSettings settings;
  settings.state_directory = json.value("state_directory", "");
  settings.cache_directory = json.value("cache_directory", "");
  settings.cache_bytes = json.value("cache_bytes", std::uint64_t{0});
  settings.keep_free = json.value("keep_free", settings.keep_free);
  settings.ca_file = json.value("ca_file", "");
  settings.sandboxed = json.value("sandboxed", false);
  settings.user_id = json.value("user_id", 0u);
  settings.group_id = json.value("group_id", 0u);
  return settings;
}

}  // namespace trainyard
