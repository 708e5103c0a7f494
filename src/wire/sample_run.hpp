#pragma once
// A training run for tests, with every part filled in.
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "model/run.hpp"
#include "wire/run.hpp"

namespace trainyard::wire {

inline std::string file(const std::string& name) {
  return read_file(fs::path(TRAINYARD_TESTDATA) / name);
}

inline TimePoint time(std::string_view text) { return parse_time(text).value(); }

inline model::RunId id(std::string_view text) { return model::RunId::parse(text).value(); }

inline model::Manifest sample_manifest() {
  return {
      .name = "tf-mnist",
      .description = "MNIST \xE2\x80\x93 \"digits\"",
      .author = {.name = "Anna", .email = "anna@example.com"},
      .framework = {.name = "tensorflow",
                    .version = "1.10",
                    .runtimes = {{.name = "python", .version = "3.6"}}},
      .command = "python3 train.py \\\n  --iters ${N}\n",
      .compute =
          {.size = "medium", .gpus = 2, .nodes = 1, .cpus = 0.5, .memory_bytes = 9'000'000'000},
      .definition_href = "http://127.0.0.1:1/v3/ml_assets/training_definitions/d",
      .training_data = {.label = "digits",
                        .connection = model::S3Connection{.endpoint_url = "http://127.0.0.1:2",
                                                          .access_key_id = "AKIA",
                                                          .secret_access_key = Secret("s3-secret"),
                                                          .region = "eu-de"},
                        .bucket = "mnist",
                        .prefix = "train/"},
      .training_results = {.label = "",
                           .connection = model::SwiftConnection{.auth_url = "https://keystone/v3",
                                                                .user_name = "anna",
                                                                .password = Secret("swift-secret"),
                                                                .region = "dallas",
                                                                .domain_name = "d1",
                                                                .project_id = "p1"},
                           .bucket = "results",
                           .prefix = ""},
  };
}

inline model::TrainingRun sample_run() {
  model::TrainingRun run;
  run.id = id("training-DOl4q2LkR");
  run.manifest = sample_manifest();
  run.created_at = time("2026-11-24T06:00:00Z");
  run.modified_at = time("2026-11-24T06:01:00.250Z");
  run.status = {.state = model::RunState::Error,
                .phase = model::Phase::Ended,
                .attempt = 2,
                .cancel_requested = true,
                .exit_code = 0,
                .verdict = model::Verdict{.code = "C103",
                                          .kind = "store_refused",
                                          .message = "The results bucket refused the key.",
                                          .exit_code = 0,
                                          .last_lines = {"step 400", "done"}},
                .running_at = time("2026-11-24T06:00:01Z"),
                .finished_at = time("2026-11-24T06:01:00.250Z")};
  return run;
}

inline const RunRendering kEverything{
    .secrets = Secrets::Masked,
    .queue =
        QueueView{.place = 3, .message = "needs 2 GPUs", .estimate = time("2026-11-24T07:00:00Z")},
    .progress = Progress{.phase = "storing",
                         .files_done = 1,
                         .files_total = 2,
                         .bytes_done = 3,
                         .bytes_total = 4,
                         .bytes_from_cache = 0,
                         .bytes_per_second = 1.5,
                         .remaining = Milliseconds{250},
                         .limited_by = "network",
                         .trouble = ""}};

}  // namespace trainyard::wire
