#include "engine/learner_environment.hpp"

#include <gtest/gtest.h>

namespace trainyard::engine {
namespace {

TEST(LearnerEnvironment, PassesWhatProgramsNeedAndNothingElse) {
  const auto passed = learner_environment({{"PATH", "/opt/bin"},
                                           {"HOME", "/root"},
                                           {"LC_ALL", "ko_KR.UTF-8"},
                                           {"XDG_RUNTIME_DIR", "/run/user/0"},
                                           {"https_proxy", "http://proxy:3128"},
                                           {"SSL_CERT_FILE", "/etc/ca.pem"},
                                           {"LD_LIBRARY_PATH", "/usr/local/cuda/lib64"},
                                           {"AWS_SECRET_ACCESS_KEY", "x"},
                                           {"ML_PASSWORD", "x"},
                                           {"TRAINYARD_STATE_DIR", "x"},
                                           {"LD_PRELOAD", "x"},
                                           {"PATHS", "x"},
                                           {"CUDA_VISIBLE_DEVICES", "0"},
                                           {"NOTIFY_SOCKET", "x"}});
  EXPECT_EQ(passed,
            (std::map<std::string, std::string>{{"PATH", "/opt/bin"},
                                                {"HOME", "/root"},
                                                {"LANG", "C.UTF-8"},
                                                {"LC_ALL", "ko_KR.UTF-8"},
                                                {"XDG_RUNTIME_DIR", "/run/user/0"},
                                                {"https_proxy", "http://proxy:3128"},
                                                {"SSL_CERT_FILE", "/etc/ca.pem"},
                                                {"LD_LIBRARY_PATH", "/usr/local/cuda/lib64"}}));
}

}  // namespace
}  // namespace trainyard::engine
