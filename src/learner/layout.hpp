#pragma once
// Where a run's things lie on the machine and what the command sees of them (wml-v3 e.1).
//
//   W/job/model-code   MODEL_DIR, the unpacked zip, the command's directory
//   W/job/logs         LOG_DIR
//   W/mnt/data/<bucket>                     DATA_DIR (unless the cache's own tree is shown there)
//   W/mnt/results/<bucket>/<run id>         RESULT_DIR
//   W/mnt/results/<bucket>/_wml_checkpoints CHECKPOINT_DIR
//   W/root             HOME
//   W/tmp              TMPDIR
//   W/logs/…           the run's logs as they are written; the learner's, never the command's
//
// A confined command sees them without the W, any other with it. Pure.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "wire/learner.hpp"

namespace trainyard::learner {

// wml-v3 (e.4), below the results bucket
inline constexpr std::string_view kCheckpoints = "_wml_checkpoints";
inline constexpr std::string_view kTrainingLog = "training-log.txt";
inline constexpr std::string_view kLoadDataLog = "load-data.log";
inline constexpr std::string_view kLoadModelLog = "load-model.log";
inline constexpr std::string_view kMetricsFile = "evaluation-metrics.txt";  // the command's
inline constexpr std::string_view kLogFiles[] = {kLoadModelLog, kLoadDataLog, kTrainingLog};

// What stands around the command.
enum class Confinement {
  None,       // a plain process: everything below W, the data a copy of its own
  Sandbox,    // bubblewrap
  Container,  // the runtime is an image
};

struct Layout {
  std::filesystem::path work;
  std::string data_bucket;     // as the name of a directory
  std::string results_bucket;  // likewise
  std::string run_id;
  Confinement confinement = Confinement::None;

  // On the host.
  std::filesystem::path job_dir() const { return work / "job"; }
  std::filesystem::path model_dir() const { return job_dir() / "model-code"; }
  std::filesystem::path log_dir() const { return job_dir() / "logs"; }
  std::filesystem::path data_dir() const { return work / "mnt/data" / data_bucket; }
  std::filesystem::path results_bucket_dir() const { return work / "mnt/results" / results_bucket; }
  std::filesystem::path result_dir() const { return results_bucket_dir() / run_id; }
  std::filesystem::path checkpoint_dir() const { return results_bucket_dir() / kCheckpoints; }
  std::filesystem::path home() const { return work / "root"; }
  std::filesystem::path tmp() const { return work / "tmp"; }
  std::filesystem::path logs() const { return work / "logs"; }
  std::filesystem::path log_file(std::string_view name) const { return logs() / name; }
  // There from just before the command is started: it is never started again.
  std::filesystem::path execute_marker() const { return work / "execute-began"; }
  // Holds the time of the first try to store everything.
  std::filesystem::path storing_since() const { return work / "storing-since"; }

  // What CHECKPOINT_DIR held when the command began (checkpoint_record.hpp).
  std::filesystem::path checkpoint_record() const { return work / "checkpoints-loaded"; }

  // How the command names a host path of this layout.
  std::filesystem::path seen(const std::filesystem::path& path) const;
  // What belongs to the run alone and goes once everything is stored; directories below W.
  static const std::vector<std::string_view>& scratch();
};

// A bucket whose name no directory can have ("a/b", "..") is shown under an escaped name.
Layout layout_of(const std::filesystem::path& work, const wire::Assignment& assignment,
                 Confinement confinement);

}  // namespace trainyard::learner
