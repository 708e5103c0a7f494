#pragma once
// An assignment for tests: two buckets, two CPU slots, the host's own programs.
#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "wire/learner.hpp"

namespace trainyard::learner {

// Each test program's own: a learner that takes a lost one's place ends every process of the
// machine that has the run's id.
inline const std::string kTestRun = fmt::format("training-{:09}", ::getpid());

inline wire::Assignment test_assignment(std::string command = "true") {
  wire::Assignment assignment;
  assignment.run = *model::RunId::parse(kTestRun);
  assignment.manifest.name = "tf-mnist";
  assignment.manifest.framework = {.name = "tensorflow", .version = "2.21", .runtimes = {}};
  assignment.manifest.command = std::move(command);
  const model::S3Connection s3{.endpoint_url = "http://127.0.0.1:1",
                               .access_key_id = "AKIA",
                               .secret_access_key = Secret("the-secret-of-the-data"),
                               .region = ""};
  assignment.manifest.training_data = {
      .label = "", .connection = s3, .bucket = "mnist-data", .prefix = ""};
  assignment.manifest.training_results = {
      .label = "", .connection = s3, .bucket = "mnist-results", .prefix = ""};
  assignment.slots = {"cpu-0", "cpu-1"};
  assignment.cores = 2;
  assignment.runtime.kind = "host";
  assignment.runtime.label = "python system";
  assignment.cancel_grace = Milliseconds(5'000);
  assignment.store_retry = Milliseconds(600'000);
  assignment.results_quiet = Milliseconds(0);
  return assignment;
}

}  // namespace trainyard::learner
