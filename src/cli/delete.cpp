#include <fmt/format.h>

#include <ostream>

#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/stored.hpp"

namespace trainyard::cli {
namespace {

// T23
int as_bx(Session& session, const Arguments& arguments) {
  if (const auto* verb = find_verb("delete", delete_verbs(), arguments)) {
    return verb->run(session, arguments);
  }
  check_one_id(arguments);
  const auto subject = subject_of(arguments.words[0]);
  auto& out = session.context.out;
  out << fmt::format("Deleting the {} '{}' ...\n", subject.singular, arguments.words[1])
      << std::flush;
  session.api().remove(arguments.words[1]);
  out << fmt::format("OK\nDelete {} successful\n", subject.word);
  return kOk;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  session.api().remove(arguments.words[0]);
  session.context.out << fmt::format("{} is deleted; its buckets are as they were\n",
                                     arguments.words[0]);
  return kOk;
}

}  // namespace

Command bx_delete() {
  static const std::string kUsage = usage_of("training-runs|trained-models ID", delete_verbs());
  return {.name = "delete",
          .usage = kUsage,
          .summary = "Delete a training-run/training-definition/experiment/experiment-run",
          .least_words = 2,
          .most_words = 3,
          .run = as_bx,
          .words = Words::RunIds,
          .choices = {"training-runs", "trained-models", "training-definitions", "experiments",
                      "experiment-runs"}};
}

Command trainyard_delete() {
  return {.name = "delete",
          .usage = "ID",
          .summary = "remove a run's history, ending it first; buckets are left alone",
          .least_words = 1,
          .most_words = 1,
          .options = {kStateDir},
          .run = as_trainyard,
          .words = Words::RunIds};
}

}  // namespace trainyard::cli
