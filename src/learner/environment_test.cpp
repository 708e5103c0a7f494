#include "learner/environment.hpp"

#include <gtest/gtest.h>

#include "learner/banner.hpp"
#include "learner/test_assignment.hpp"

namespace trainyard::learner {
namespace {

using Environment = std::map<std::string, std::string>;

Environment environment_of(const wire::Assignment& assignment, const Environment& host = {},
                           Confinement confinement = Confinement::Sandbox) {
  return command_environment(layout_of("/w", assignment, confinement), assignment, host);
}

TEST(CommandEnvironment, IsTheContractsInASandbox) {
  const Environment expected = {
      {"CHECKPOINT_DIR", "/mnt/results/mnist-results/_wml_checkpoints"},
      {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},
      {"CUDA_VISIBLE_DEVICES", ""},
      {"DATA_DIR", "/mnt/data/mnist-data"},
      {"GPU_COUNT", "0.000000"},
      {"HOME", "/root"},
      {"HOSTNAME", "learner-1-" + kTestRun},
      {"JOB_STATE_DIR", "/job"},
      {"LANG", "C.UTF-8"},
      {"LEARNER_ID", "1"},
      {"LEARNER_NAME_PREFIX", "learner"},
      {"LOGNAME", "learner"},
      {"LOG_DIR", "/job/logs"},
      {"MKL_NUM_THREADS", "2"},
      {"MODEL_DIR", "/job/model-code"},
      {"NUM_LEARNERS", "1"},
      {"OMP_NUM_THREADS", "2"},
      {"OPENBLAS_NUM_THREADS", "2"},
      {"PATH", "/root/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"PYTHONPATH", ":/job/model-code"},
      {"PYTHONUNBUFFERED", "1"},
      {"RESULT_BUCKET_DIR", "/mnt/results/mnist-results"},
      {"RESULT_DIR", "/mnt/results/mnist-results/" + kTestRun},
      {"TMPDIR", "/tmp"},
      {"TRAINING_COMMAND", "python3 train.py --lr 1 "},
      {"TRAINING_ID", kTestRun},
      {"TRAINING_JOB", ""},
      {"USER", "learner"}};
  EXPECT_EQ(environment_of(test_assignment("python3 train.py\n--lr 1\n")), expected);
}

TEST(CommandEnvironment, PassesOnProxiesAndNothingElseOfTheHost) {
  const auto env = environment_of(test_assignment(), {{"https_proxy", "http://p:1"},
                                                      {"LANG", "de_DE.UTF-8"},
                                                      {"AWS_SECRET_ACCESS_KEY", "x"},
                                                      {"DATA_DIR", "/elsewhere"}});
  EXPECT_EQ(env.at("https_proxy"), "http://p:1");
  EXPECT_EQ(env.at("LANG"), "de_DE.UTF-8");
  EXPECT_FALSE(env.contains("AWS_SECRET_ACCESS_KEY"));
  EXPECT_EQ(env.at("DATA_DIR"), "/mnt/data/mnist-data");
}

TEST(CommandEnvironment, HoldsNoSecretOfTheManifest) {
  for (const auto& [name, value] : environment_of(test_assignment())) {
    EXPECT_EQ(value.find("the-secret-of-the-data"), std::string::npos) << name;
  }
}

TEST(CommandEnvironment, NamesTheGpusAndTheEnvironmentOfTheRuntime) {
  auto assignment = test_assignment();
  assignment.gpus = true;
  assignment.slots = {"GPU-1", "GPU-2"};
  assignment.runtime.environment = "/state/environments/abc";
  assignment.runtime.variables = {{"KERAS_BACKEND", "jax"}};
  const auto env = environment_of(assignment, {}, Confinement::None);
  EXPECT_EQ(env.at("CUDA_VISIBLE_DEVICES"), "GPU-1,GPU-2");
  EXPECT_EQ(env.at("GPU_COUNT"), "2.000000");
  EXPECT_EQ(env.at("VIRTUAL_ENV"), "/state/environments/abc");
  EXPECT_EQ(env.at("PATH").rfind("/state/environments/abc/bin:/w/root/.local/bin:", 0), 0u);
  EXPECT_EQ(env.at("KERAS_BACKEND"), "jax");
}

TEST(Banner, IsTheRecordedSkeleton) {
  const auto env = environment_of(test_assignment("python3 train.py --iters 20"));
  const auto now = parse_time("2018-06-06T05:00:07Z").value();
  EXPECT_EQ(banner(env, "tensorflow", now),
            "Training with training/test data at:\n"
            "  DATA_DIR: /mnt/data/mnist-data\n"
            "  MODEL_DIR: /job/model-code\n"
            "  TRAINING_JOB: \n"
            "  TRAINING_COMMAND: python3 train.py --iters 20\n"
            "Storing trained model at:\n"
            "  RESULT_DIR: /mnt/results/mnist-results/" +
                kTestRun +
                "\n"
                "Wed Jun  6 05:00:07 UTC 2018: Running Tensorflow job\n");
  EXPECT_NE(banner(env, "pytorch", now).find(": Running training job\n"), std::string::npos);
  EXPECT_EQ(closing_line(137), "Training process finished. Exit code: 137\n");
}

}  // namespace
}  // namespace trainyard::learner
