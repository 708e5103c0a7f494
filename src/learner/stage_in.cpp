#include "learner/stage_in.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "definition/archive.hpp"
#include "learner/directories.hpp"
#include "learner/transfer_progress.hpp"

namespace trainyard::learner {
namespace {

constexpr std::size_t kBuildLogLimit = 8u << 20;

void log_runtime(const wire::RuntimeAssignment& runtime, RunLog& log) {
  log.line("framework: " + runtime.label);
  if (runtime.build_log.empty()) return;
  log.line("how its environment was built:");
  log.copy_tail(runtime.build_log, kBuildLogLimit);
}

}  // namespace

void load_model(client::LearnerClient& client, const wire::Assignment& assignment,
                const Layout& layout, const std::optional<sandbox::User>& owner, RunLog& log,
                std::stop_token stop) {
  log_runtime(assignment.runtime, log);
  const fs::path zip = layout.work / "definition.zip";
  Hasher hasher(Digest::Sha256);
  std::uint64_t size = 0;
  {
    const Fd file = open_file(zip, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    client.definition(
        [&](std::string_view bytes) {
          hasher.update(bytes);
          size += bytes.size();
          write_all(file, bytes);
        },
        stop);
  }
  const std::string sha256 = to_hex(hasher.finish());
  log.line(fmt::format("model definition: {}, sha256 {}", format_bytes(size), sha256));
  if (sha256 != assignment.definition_sha256) {
    throw Error(ErrorKind::Corrupt, "the model definition arrived damaged: its sha256 is not " +
                                        assignment.definition_sha256);
  }
  definition::extract(zip, layout.model_dir(), definition::Limits{});
  give_tree(layout.model_dir(), owner);
  fs::remove(zip);
  log.line("unpacked into MODEL_DIR");
}

objectstore::Dataset load_data(objectstore::DatasetCache& cache, objectstore::ObjectStore& store,
                               const wire::Assignment& assignment, const Layout& layout,
                               bool shared, RunLog& log,
                               const std::function<void(const wire::Progress&)>& on_progress,
                               std::stop_token stop) {
  SystemClock clock;
  const TimePoint start = clock.now();
  log.line("loading " + store.description());
  objectstore::StageRequest request;
  request.prefix = assignment.manifest.training_data.prefix;
  request.access =
      shared ? objectstore::DataAccess::SharedReadOnly : objectstore::DataAccess::PrivateCopy;
  request.directory = layout.data_dir();
  request.transfer.on_log = [&](std::string_view text) { log.line(text); };
  request.transfer.on_progress = [&](const objectstore::TransferProgress& progress) {
    on_progress(wire_progress("staging", progress));
  };
  auto dataset = cache.stage(store, request, stop);
  const auto& report = dataset.report();
  for (const auto& remark : report.remarks)
    log.line(printable(remark.name, 1024) + ": " + remark.detail);
  log.line(fmt::format("loaded {} files, {} ({} files, {} transferred) in {}", report.files,
                       format_bytes(report.bytes), report.transferred_files,
                       format_bytes(report.transferred_bytes),
                       format_duration(clock.now() - start)));
  return dataset;
}

void load_checkpoints(objectstore::ObjectStore& store, const Layout& layout, RunLog& log,
                      std::stop_token stop) {
  const auto report = objectstore::download_tree(store, "_wml_checkpoints", layout.checkpoint_dir(),
                                                 objectstore::TransferOptions{}, stop);
  if (report.files > 0) {
    log.line(
        fmt::format("loaded {} checkpoint files, {}", report.files, format_bytes(report.bytes)));
  }
}

}  // namespace trainyard::learner
