#include "learner/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 13> kPassedOn = {
    "http_proxy", "https_proxy",  "no_proxy",      "HTTP_PROXY",    "HTTPS_PROXY",
    "NO_PROXY",   "LANG",         "LC_ALL",        "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
    "PIP_CERT",   "SSL_CERT_DIR", "CURL_CA_BUNDLE"};
constexpr std::string_view kSystemPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// Some libraries fail for a user id that has no name.
constexpr std::string_view kUserName = "learner";

using Environment = std::map<std::string, std::string>;

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

void add_passed_on(Environment& env, const Environment& host) {
  for (const auto name : kPassedOn) {
    if (const auto found = host.find(std::string(name)); found != host.end()) env.insert(*found);
  }
  env.try_emplace("LANG", "C.UTF-8");
}

void add_directories(Environment& env, const Layout& layout) {
  const auto seen = [&](const fs::path& path) { return layout.seen(path).string(); };
  env["DATA_DIR"] = seen(layout.data_dir());
  env["RESULT_DIR"] = seen(layout.result_dir());
  env["RESULT_BUCKET_DIR"] = seen(layout.results_bucket_dir());
  env["CHECKPOINT_DIR"] = seen(layout.checkpoint_dir());
  env["MODEL_DIR"] = seen(layout.model_dir());
  env["PYTHONPATH"] = ":" + seen(layout.model_dir());
  env["LOG_DIR"] = seen(layout.log_dir());
  env["JOB_STATE_DIR"] = seen(layout.job_dir());
  env["HOME"] = seen(layout.home());
  env["TMPDIR"] = seen(layout.tmp());
}

void add_names(Environment& env, const wire::Assignment& assignment) {
  env["TRAINING_ID"] = assignment.run.str();
  env["TRAINING_COMMAND"] = one_line(assignment.manifest.command);
  env["TRAINING_JOB"] = "";
  env["LEARNER_ID"] = "1";
  env["NUM_LEARNERS"] = "1";
  env["LEARNER_NAME_PREFIX"] = "learner";
  env["HOSTNAME"] = "learner-1-" + assignment.run.str();
  env["USER"] = kUserName;
  env["LOGNAME"] = kUserName;
}

void add_devices(Environment& env, const wire::Assignment& assignment) {
  env["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  env["CUDA_VISIBLE_DEVICES"] = assignment.gpus ? join(assignment.slots, ",") : "";
  const auto gpus = assignment.gpus ? assignment.slots.size() : 0;
  env["GPU_COUNT"] = fmt::format("{:.6f}", static_cast<double>(gpus));
  const std::string cores = std::to_string(std::max(1u, assignment.cores));
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) {
    env[name] = cores;
  }
}

void add_runtime(Environment& env, const Layout& layout, const wire::RuntimeAssignment& runtime) {
  const std::string own = layout.seen(user_programs(layout)).string();
  env["PATH"] = fmt::format("{}:{}", own, kSystemPath);
  env["PYTHONUNBUFFERED"] = "1";  // a line is seen when it is printed, in order with stderr
  if (!runtime.environment.empty()) {
    env["VIRTUAL_ENV"] = runtime.environment;
    env["PATH"] = fmt::format("{}/bin:{}", runtime.environment, env["PATH"]);
  }
  for (const auto& [name, value] : runtime.variables) env[name] = value;
}

}  // namespace

fs::path user_programs(const Layout& layout) { return layout.home() / ".local/bin"; }

Environment command_environment(const Layout& layout, const wire::Assignment& assignment,
                                const Environment& host) {
  Environment env;
  add_passed_on(env, host);
  add_directories(env, layout);
  add_names(env, assignment);
  add_devices(env, assignment);
  add_runtime(env, layout, assignment.runtime);
  return env;
}

}  // namespace trainyard::learner
