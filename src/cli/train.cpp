#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/follow.hpp"
#include "cli/submission.hpp"

namespace trainyard::cli {
namespace {

// T17
int as_bx(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  out << "Starting to train ...\n" << std::flush;
  const auto run = submit(session, arguments.words[0], arguments.words[1]);
  out << fmt::format("OK\nModel-ID is '{}'\n", run.id);
  return kOk;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  const auto run = submit(session, arguments.words[0], arguments.words[1]);
  out << (arguments.has(kJson.name) ? session.api().run_json(run.id) : run.id) << std::endl;
  return arguments.has(kFollow.name) ? follow_to_the_end(session, run.id, {}) : kOk;
}

}  // namespace

Command bx_train() {
  return {.name = "train",
          .usage = "MODEL-DEFINITION-ZIP MANIFEST-YAML",
          .summary = "Start training a model",
          .least_words = 2,
          .most_words = 2,
          .run = as_bx,
          .words = Words::Files};
}

Command trainyard_train() {
  return {.name = "train",
          .usage = "ZIP MANIFEST",
          .summary = "start a training run and print its id",
          .least_words = 2,
          .most_words = 2,
          .options = {kFollow, kJson, kStateDir},
          .run = as_trainyard,
          .words = Words::Files};
}

}  // namespace trainyard::cli
