#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/progress_line.hpp"
#include "cli/run_text.hpp"

namespace trainyard::cli {
namespace {

std::string why_text(const wire::RunView& run) {
  if (run.queue) {
    auto text = fmt::format("{} waits, place {} in the queue: {}\n", run.id, run.queue->place,
                            run.queue->message);
    if (run.queue->estimate) {
      text += fmt::format("it may start at about {}\n", format_seconds(*run.queue->estimate));
    }
    return text;
  }
  if (run.verdict) {
    return fmt::format("{} ended as {}: {}\n", run.id, to_string(run.state), run.verdict->message);
  }
  if (is_terminal(run.state)) return fmt::format("{} {}\n", run.id, to_string(run.state));
  return fmt::format("{} does not wait; it is at {}\n", run.id, phase_text(run));
}

int as_trainyard(Session& session, const Arguments& arguments) {
  session.context.out << why_text(session.api().run(arguments.words[0]));
  return kOk;
}

}  // namespace

Command trainyard_why() {
  return {.name = "why",
          .usage = "ID",
          .summary = "why a run waits, or how it ended",
          .least_words = 1,
          .most_words = 1,
          .options = {kStateDir},
          .run = as_trainyard,
          .words = Words::RunIds};
}

}  // namespace trainyard::cli
