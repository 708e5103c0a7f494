#include "learner/banner.hpp"

#include <fmt/format.h>

#include <ctime>

#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

// "Running Tensorflow job" is recorded; for other frameworks the older neutral wording is known.
std::string job_name(const std::string& framework) {
  return to_lower(framework).rfind("tensorflow", 0) == 0 ? "Tensorflow" : "training";
}

}  // namespace

std::string date_text(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  const auto size = std::strftime(text, sizeof text, "%a %b %e %H:%M:%S UTC %Y", &parts);
  return std::string(text, size);
}

std::string banner(const std::map<std::string, std::string>& env, const std::string& framework,
                   TimePoint now) {
  return fmt::format(
      "Training with training/test data at:\n"
      "  DATA_DIR: {}\n"
      "  MODEL_DIR: {}\n"
      "  TRAINING_JOB: \n"
      "  TRAINING_COMMAND: {}\n"
      "Storing trained model at:\n"
      "  RESULT_DIR: {}\n"
      "{}: Running {} job\n",
      env.at("DATA_DIR"), env.at("MODEL_DIR"), env.at("TRAINING_COMMAND"), env.at("RESULT_DIR"),
      date_text(now), job_name(framework));
}

std::string closing_line(int exit_code) {
  return fmt::format("Training process finished. Exit code: {}\n", exit_code);
}

}  // namespace trainyard::learner
