// bx ml store training-definitions|experiments, bx ml experiments run (wml-v3 f).
#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/progress_line.hpp"
#include "cli/submission.hpp"
#include "client/stored.hpp"
#include "definition/archive.hpp"
#include "wire/instance.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kUsage = "training-definitions ZIP YAML|experiments YAML";

int store_definition(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  out << "Creating training-definition ...\n" << std::flush;
  const auto definition = store_definition(session, arguments.words[1], arguments.words[2]);
  out << fmt::format("OK\ntraining-definition ID is '{}' and version ID is '{}'\n", definition.id,
                     definition.version_id);
  return kOk;
}

int store_experiment(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  out << "Creating experiment ...\n" << std::flush;
  const auto experiment = store_experiment(session, arguments.words[1]);
  out << fmt::format("OK\nExperiment created with ID '{}'\n", experiment.id);
  return kOk;
}

int store_as_bx(Session& session, const Arguments& arguments) {
  const auto& kind = arguments.words[0];
  const auto words = arguments.words.size();
  if (kind == "training-definitions" && words == 3) return store_definition(session, arguments);
  if (kind == "experiments" && words == 2) return store_experiment(session, arguments);
  if (kind == "training-runs") {
    throw Error(ErrorKind::Unsupported, wire::kNoStoredModels);
  }
  throw Error(ErrorKind::InvalidInput, fmt::format("this is `bx ml store {}`", kUsage));
}

int experiments_as_bx(Session& session, const Arguments& arguments) {
  if (arguments.words[0] != "run") {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("this is `bx ml experiments run ID`, not {}; `bx ml list experiments` "
                            "lists them",
                            printable(arguments.words[0])));
  }
  const auto& id = arguments.words[1];
  auto& out = session.context.out;
  out << fmt::format("Starting to run the experiment with ID '{}' ...\n", id) << std::flush;
  const auto run = client::run_experiment(session.api(), id);
  out << fmt::format("OK\nExperiment-run created with ID '{}'\n", run.id);
  return kOk;
}

}  // namespace

Command bx_store() {
  return {.name = "store",
          .usage = kUsage,
          .summary = "Store training-definitions/experiments",
          .least_words = 2,
          .most_words = 3,
          .run = store_as_bx,
          .words = Words::Files,
          .choices = {"training-definitions", "experiments"}};
}

Command bx_experiments() {
  return {.name = "experiments",
          .usage = "run ID",
          .summary = "Run an experiment",
          .least_words = 2,
          .most_words = 2,
          .run = experiments_as_bx,
          .choices = {"run"}};
}

}  // namespace trainyard::cli
