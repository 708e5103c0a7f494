#pragma once
// A training run for tests, with every part of the manifest filled in.
#include "model/run.hpp"

namespace trainyard::wire {

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

}  // namespace trainyard::wire
