#pragma once
#include <filesystem>
#include <optional>
#include <stop_token>

#include "base/process.hpp"
#include "runtime/catalogue.hpp"

namespace trainyard::runtime {

struct BuildRequest {
  RuntimeSpec spec;
  std::filesystem::path directory;  // of all environments; this one goes to directory/<id>
  std::filesystem::path log;        // appended to
  std::optional<std::filesystem::path> uv;
  Milliseconds timeout;
};

std::filesystem::path environment_path(const std::filesystem::path& directory,
                                       const std::string& id);
bool environment_ready(const std::filesystem::path& directory, const std::string& id);

// Makes the environment unless it is there, under a file lock that other processes respect, and
// marks it whole as its last step. What a build that died left behind is removed first. All users
// may read what is in it, whatever the umask is. The installer's output goes to the log. Throws
// Error: Unavailable with the installer's last lines, Timeout, Canceled, Exhausted.
void build_environment(const BuildRequest& request, ProcessRunner& runner, std::stop_token stop);

}  // namespace trainyard::runtime
