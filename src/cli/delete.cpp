#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/progress_line.hpp"
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

constexpr Milliseconds kLookAgain{500};

// nullopt once it is deleted.
std::optional<wire::RunView> find_run(Session& session, const std::string& id) {
  try {
    return session.api().run(id);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return std::nullopt;
    throw;
  }
}

// A service that is away for a moment is waited for.
std::optional<wire::RunView> look_again(Session& session, wire::RunView known) {
  try {
    return find_run(session, known.id);
  } catch (const Error& e) {
    if (e.retryable()) return known;
    throw;
  }
}

void wait_until_deleted(Session& session, std::optional<wire::RunView> run) {
  auto& context = session.context;
  TerminalLine line(context);
  for (; run; run = look_again(session, *std::move(run))) {
    line.draw("canceling: " + phase_text(*run));
    if (!context.clock.sleep_for(kLookAgain, context.stop)) {
      throw Error(ErrorKind::Canceled, "interrupted");
    }
  }
}

// A run that lives is canceled first, which takes as long as its end and its upload.
int as_trainyard(Session& session, const Arguments& arguments) {
  const std::string& id = arguments.words[0];
  auto& context = session.context;
  session.api().remove(id);
  if (auto left = find_run(session, id)) {
    auto& to = context.terminal ? context.err : context.out;
    to << fmt::format("{} is being canceled; it is deleted once what it has written is stored\n",
                      id)
       << std::flush;
    if (!context.terminal) return kOk;
    wait_until_deleted(session, std::move(left));
  }
  context.out << fmt::format("{} is deleted; its buckets are as they were\n", id);
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
