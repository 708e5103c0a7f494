#include <ostream>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/follow.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kTrainingLog = "training-log.txt";

int as_trainyard(Session& session, const Arguments& arguments) {
  const auto& id = arguments.words[0];
  const auto file = arguments.value("--file").value_or(std::string(kTrainingLog));
  const auto last = arguments.number("--last");
  const bool follow = arguments.has(kFollow.name);
  if (follow && file == kTrainingLog) return follow_to_the_end(session, id, last);
  auto& out = session.context.out;
  session.api().log(id, {.file = file, .last_lines = last, .follow = follow},
                    [&](std::string_view bytes) { out << bytes << std::flush; });
  return kOk;
}

}  // namespace

Command trainyard_logs() {
  return {.name = "logs",
          .usage = "ID",
          .summary = "a run's log",
          .least_words = 1,
          .most_words = 1,
          .options = {kFollow,
                      {"--last", "-n", "N", "only the last N lines"},
                      {"--file", "", "NAME",
                       "training-log.txt (the default), load-data.log or load-model.log"},
                      kStateDir},
          .run = as_trainyard,
          .words = Words::RunIds};
}

}  // namespace trainyard::cli
