#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/run_text.hpp"
#include "cli/stored.hpp"
#include "cli/text_table.hpp"

namespace trainyard::cli {
namespace {

Row bx_row(std::size_t number, const wire::RunView& run, const Subject& subject) {
  Row row = {std::to_string(number), run.name, run.id, std::string(to_string(run.state))};
  if (!subject.older) row.insert(row.end(), {run.framework, run.version});
  row.push_back(time_text(run.submitted_at, ""));
  return row;
}

// T18; with framework and version from 2018-03 on, when they were called training-runs.
int list_runs_as_bx(Session& session, const Subject& subject) {
  auto& out = session.context.out;
  out << fmt::format("Fetching the list of {} ...\n", subject.plural) << std::flush;
  Row head = {"SI No", "Name", "guid", "status"};
  if (!subject.older) head.insert(head.end(), {"framework", "version"});
  head.push_back("submitted-at");
  std::vector<Row> rows = {head};
  session.api().runs(
      [&](const wire::RunView& run) { rows.push_back(bx_row(rows.size(), run, subject)); });
  out << text_table(rows)
      << fmt::format("\n{} records found.\nOK\nList all {} successful\n", rows.size() - 1,
                     subject.word);
  return kOk;
}

int as_bx(Session& session, const Arguments& arguments) {
  if (const auto* verb = find_verb("list", list_verbs(), arguments)) {
    return verb->run(session, arguments);
  }
  if (arguments.words.size() > 1) {
    throw Error(ErrorKind::InvalidInput, "the list of all training-runs takes no words after it");
  }
  if (arguments.words[0] == "frameworks") return list_frameworks_as_bx(session);
  return list_runs_as_bx(session, subject_of(arguments.words[0]));
}

void print_json(Session& session) {
  auto& out = session.context.out;
  const char* before = "[";
  session.api().runs([&](const wire::RunView& run) {
    out << before << summary_json(run);
    before = ",\n";
  });
  out << (before[0] == '[' ? "[]\n" : "]\n");
}

int as_trainyard(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  if (arguments.has(kJson.name)) {
    print_json(session);
    return kOk;
  }
  if (arguments.has("--quiet")) {
    session.api().runs([&](const wire::RunView& run) { out << run.id << "\n"; });
    return kOk;
  }
  std::vector<Row> rows = {{"ID", "NAME", "STATE", "FRAMEWORK", "SUBMITTED", "FINISHED"}};
  session.api().runs([&](const wire::RunView& run) {
    rows.push_back({run.id, run.name, state_text(run),
                    fmt::format("{} {}", run.framework, run.version),
                    time_text(run.submitted_at, "-"), time_text(run.finished_at, "-")});
  });
  out << text_table(rows);
  return kOk;
}

}  // namespace

Command bx_list() {
  static const std::string kUsage =
      usage_of("training-runs|trained-models|frameworks", list_verbs());
  return {.name = "list",
          .usage = kUsage,
          .summary = "List all training-runs/training-definitions/experiments/frameworks",
          .least_words = 1,
          .most_words = 3,
          .run = as_bx,
          .choices = {"training-runs", "trained-models", "training-definitions", "experiments",
                      "experiment-runs", "frameworks"}};
}

Command trainyard_list() {
  return {.name = "list",
          .summary = "all training runs, the oldest first",
          .options = {{"--quiet", "-q", "", "print only the ids"}, kJson, kStateDir},
          .run = as_trainyard};
}

}  // namespace trainyard::cli
