#pragma once
// Runs, definitions and events for tests.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/files.hpp"
#include "repository/definition_repository.hpp"
#include "repository/experiment_repository.hpp"
#include "repository/run_repository.hpp"

namespace trainyard::repository {

// Where a test's files need not wait for a disk.
inline fs::path fast_directory() { return fs::is_directory("/dev/shm") ? "/dev/shm" : fs::path(); }

inline TimePoint at(int second) { return TimePoint{std::chrono::seconds{second}}; }

// Rises with `number`, in the order of ids too.
inline model::RunId run_id(int number) {
  return model::RunId::parse(fmt::format("training-{:09}", number)).value();
}

inline NewRun new_run(int number) {
  return {.id = run_id(number),
          .owner = "anna",
          .manifest = {.name = fmt::format("run {}", number),
                       .description = "MNIST \xE2\x80\x93 digits",
                       .author = {.name = "Anna", .email = "anna@example.com"},
                       .framework = {.name = "tensorflow",
                                     .version = "1.10",
                                     .runtimes = {{.name = "python", .version = "3.6"}}},
                       .command = "python3 train.py --rate 0.1\n",
                       .compute = {.size = "medium",
                                   .gpus = 2,
                                   .nodes = 1,
                                   .cpus = 0.1,
                                   .memory_bytes = 9'000'000'000},
                       .definition_href = "http://127.0.0.1:1/v3/ml_assets/training_definitions/d",
                       .training_data = {.label = "digits",
                                         .connection =
                                             model::S3Connection{
                                                 .endpoint_url = "http://127.0.0.1:2",
                                                 .access_key_id = "AKIA",
                                                 .secret_access_key = Secret("s3-secret-value"),
                                                 .region = "eu-de"},
                                         .bucket = "mnist",
                                         .prefix = "train/"},
                       .training_results = {.label = "",
                                            .connection =
                                                model::SwiftConnection{
                                                    .auth_url = "https://keystone/v3",
                                                    .user_name = "anna",
                                                    .password = Secret("swift-secret-value"),
                                                    .region = "dallas",
                                                    .domain_name = "d1",
                                                    .project_id = "p1"},
                                            .bucket = "results",
                                            .prefix = ""}},
          .definition_id = "065fb5b9-5018-462d-a3cc-fbf4e1340141",
          .definition_sha256 = "e3b0c442",
          .idempotency_key = {}};
}

inline TrainingDefinition new_definition(int number) {
  return {.id = fmt::format("065fb5b9-5018-462d-a3cc-{:012}", number),
          .version_id = fmt::format("6e7dc315-31e1-47cf-a8f2-{:012}", number),
          .owner = "anna",
          .name = fmt::format("def-{}", number),
          .description = "a definition",
          .framework = {.name = "tensorflow",
                        .version = "1.10",
                        .runtimes = {{.name = "python", .version = "3.6"},
                                     {.name = "cuda", .version = ""}}},
          .command = "python3 train.py",
          .extra_json = R"({"tags":["a"]})",
          .data_reference = Secret(R"({"connection":{"secret_access_key":"definition-secret"}})"),
          .content_sha256 = "",
          .created_at = at(number),
          .modified_at = at(number)};
}

// What the newest version of new_definition(1) may become.
inline TrainingDefinition next_version(int number) {
  TrainingDefinition version = new_definition(1);
  version.version_id = fmt::format("7e7dc315-31e1-47cf-a8f2-{:012}", number);
  version.name = fmt::format("def-1 again, {}", number);
  version.command = fmt::format("python3 train_{}.py", number);
  version.data_reference =
      Secret(fmt::format(R"({{"connection":{{"password":"version-secret-{}"}}}})", number));
  version.modified_at = at(100 + number);
  return version;
}

inline Experiment new_experiment(int number) {
  return {.id = fmt::format("422902ab-d384-4ce1-81aa-{:012}", number),
          .owner = "anna",
          .name = fmt::format("experiment {}", number),
          .entity = Secret(R"({"connection":{"secret_access_key":"experiment-secret"}})"),
          .created_at = at(number),
          .modified_at = at(number)};
}

// Of two training runs, whose numbers are ten times the number and the next.
inline NewExperimentRun new_experiment_run(int number, const std::string& experiment_id) {
  return {.id = fmt::format("6d46291f-2266-4c4c-bb74-{:012}", number),
          .experiment_id = experiment_id,
          .owner = "anna",
          .runs = {new_run(number * 10), new_run(number * 10 + 1)},
          .idempotency_key = {}};
}

inline model::Verdict exit_one() {
  return {.code = "C201",
          .kind = "exit_code",
          .message = "The command ended with exit code 1.",
          .exit_code = 1,
          .last_lines = {"Traceback", "", "ValueError: x"}};
}

// From the queue to a failure, by way of a lost learner; every field of the status is used.
inline std::vector<model::Event> whole_life() {
  return {model::Dispatched{.attempt = 1, .slots = {"GPU-1f0a", "GPU-2b1c"}},
          model::Started{.attempt = 1, .handle = "local:boot:17:99"},
          model::StagingStarted{.attempt = 1},
          model::TrainingStarted{.attempt = 1},
          model::TrainingEnded{.attempt = 1, .exit_code = 1},
          model::LearnerLost{.attempt = 1, .reason = "killed by signal 9"},
          model::CancelRequested{.by = "anna"},
          model::Dispatched{.attempt = 2, .slots = {}},
          model::Started{.attempt = 2, .handle = "local:boot:18:100"},
          model::Finished{.attempt = 2, .outcome = model::RunState::Error, .verdict = exit_one()}};
}

}  // namespace trainyard::repository
