#include "cli/bx_subject.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::cli {
namespace {

constexpr Subject kTrainingRuns{false, "training-runs", "training runs", "training run"};
constexpr Subject kTrainedModels{true, "trained-models", "trained models", "trained model"};

}  // namespace

Subject subject_of(const std::string& word) {
  if (word == "training-runs" || word == "training-run" || word == "trained-runs") {
    return kTrainingRuns;
  }
  if (word == "trained-models" || word == "trained-model") return kTrainedModels;
  throw Error(
      ErrorKind::InvalidInput,
      fmt::format("\"{}\" is not kept here; there are training-runs, trained-models as their "
                  "older name, training-definitions, experiments and experiment-runs",
                  printable(word)));
}

void check_one_id(const Arguments& arguments) {
  subject_of(arguments.words[0]);
  if (arguments.words.size() == 2) return;
  throw Error(ErrorKind::InvalidInput, "after training-runs stands one id");
}

}  // namespace trainyard::cli
