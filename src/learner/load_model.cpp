#include "learner/load_model.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "definition/archive.hpp"
#include "learner/directories.hpp"

namespace trainyard::learner {
namespace {

constexpr std::size_t kBuildLogLimit = 8u << 20;
constexpr Milliseconds kFirstPause{50};
constexpr Milliseconds kLongestPause{5'000};

// Returns the zip's hash.
std::string fetch(const StageInRequest& request, const fs::path& zip, std::stop_token stop) {
  const Fd file = open_file(zip, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  Hasher hasher(Digest::Sha256);
  std::uint64_t size = 0;
  request.client.definition(
      [&](std::string_view bytes) {
        hasher.update(bytes);
        size += bytes.size();
        write_all(file, bytes);
      },
      std::move(stop));
  std::string sha256 = to_hex(hasher.finish());
  request.model_log.line(
      fmt::format("model definition: {}, sha256 {}", format_bytes(size), sha256));
  return sha256;
}

std::string fetch_from_a_server_that_may_be_away(const StageInRequest& request, const fs::path& zip,
                                                 std::stop_token stop) {
  for (Milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    try {
      return fetch(request, zip, stop);
    } catch (const Error& e) {
      if (!e.retryable() || stop.stop_requested()) throw;
      if (pause == kFirstPause) {
        request.model_log.line(fmt::format("{}; trying again until it answers", e.what()));
      }
    }
    request.clock.sleep_for(pause, stop);
  }
}

}  // namespace

void log_runtime(const wire::RuntimeAssignment& runtime, RunLog& log) {
  log.line("framework: " + runtime.label);
  std::error_code missing;
  if (runtime.build_log.empty() || !fs::exists(runtime.build_log, missing)) return;
  log.line("how its environment was built:");
  log.copy_tail(runtime.build_log, kBuildLogLimit);
}

void load_model(const StageInRequest& request, std::stop_token stop) {
  log_runtime(request.assignment.runtime, request.model_log);
  const fs::path zip = request.layout.work / "definition.zip";
  const std::string sha256 = fetch_from_a_server_that_may_be_away(request, zip, stop);
  if (sha256 != request.assignment.definition_sha256) {
    throw Error(ErrorKind::Corrupt, "the model definition arrived damaged: its sha256 should be " +
                                        request.assignment.definition_sha256 +
                                        "; submit the run again");
  }
  const auto report = definition::extract(zip, request.layout.model_dir(), {});
  give_tree(request.layout.model_dir(), request.owner);
  fs::remove(zip);
  request.model_log.line(fmt::format("{} files and folders, {}, are in MODEL_DIR",
                                     report.entries.size(), format_bytes(report.unpacked)));
}

}  // namespace trainyard::learner
