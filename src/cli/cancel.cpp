#include <fmt/format.h>

#include <ostream>

#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/stored.hpp"

namespace trainyard::cli {
namespace {

int as_bx(Session& session, const Arguments& arguments) {
  if (const auto* verb = find_verb("cancel", cancel_verbs(), arguments)) {
    return verb->run(session, arguments);
  }
  check_one_id(arguments);
  auto& out = session.context.out;
  out << fmt::format("Canceling training for MODEL-ID '{}'...\n", arguments.words[1]) << std::flush;
  session.api().cancel(arguments.words[1]);
  out << "OK\nCancel training successful\n";
  return kOk;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  session.api().cancel(arguments.words[0]);
  session.context.out << fmt::format("{} is being canceled; what it has written is stored\n",
                                     arguments.words[0]);
  return kOk;
}

}  // namespace

Command bx_cancel() {
  static const std::string kUsage = usage_of("training-runs ID", cancel_verbs());
  return {.name = "cancel",
          .usage = kUsage,
          .summary = "Cancel training a model, or all of an experiment-run",
          .least_words = 2,
          .most_words = 3,
          .run = as_bx,
          .words = Words::RunIds,
          .choices = {"training-runs", "trained-models", "experiment-runs"}};
}

Command trainyard_cancel() {
  return {.name = "cancel",
          .usage = "ID",
          .summary = "end a run; what it has written so far is stored",
          .least_words = 1,
          .most_words = 1,
          .options = {kStateDir},
          .run = as_trainyard,
          .words = Words::RunIds};
}

}  // namespace trainyard::cli
