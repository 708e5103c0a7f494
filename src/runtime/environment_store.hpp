#pragma once
// Managed environments: built once, in the background, kept under DIR/<id> and shared by all runs.
// Several processes may use one directory: builds are serialised by a file lock, a finished one is
// marked by a file that is written last, an unfinished one is removed and made again.
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "runtime/catalogue.hpp"

namespace trainyard::runtime {

struct EnvironmentOptions {
  std::filesystem::path directory;
  std::optional<std::filesystem::path>
      uv;  // found on the host; else it is installed when it can be
  unsigned attempts = 3;
  Milliseconds retry_delay{5'000};
  Milliseconds build_timeout{3600'000};
  Milliseconds remember_failure{600'000};  // afterwards the next run tries again
  std::function<void()> on_change;         // called after each build, from the building thread
};

struct EnvironmentState {
  enum class Kind { Ready, Building, Failed } kind = Kind::Building;
  std::string detail;  // Building: for how long, which try; Failed: the reason, last lines
};

class EnvironmentStore {
 public:
  virtual ~EnvironmentStore() = default;  // a build in progress is stopped
  // Ready, or starts (or goes on with) the build and answers at once. Thread-safe.
  virtual EnvironmentState ensure(const RuntimeSpec& spec) = 0;
  // Without starting anything.
  virtual bool is_ready(const RuntimeSpec& spec) const = 0;
  virtual std::filesystem::path path(const RuntimeSpec& spec) const = 0;
  virtual std::filesystem::path log_path(const RuntimeSpec& spec) const = 0;
};

std::unique_ptr<EnvironmentStore> open_environment_store(EnvironmentOptions options,
                                                         ProcessRunner& runner, Clock& clock);

}  // namespace trainyard::runtime
