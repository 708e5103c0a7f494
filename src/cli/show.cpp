#include <fmt/format.h>

#include <ostream>

#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/progress_line.hpp"
#include "cli/run_text.hpp"
#include "cli/stored.hpp"
#include "cli/text_table.hpp"
#include "wire/definition.hpp"
#include "wire/progress_text.hpp"

namespace trainyard::cli {
namespace {

void print_last_lines(std::ostream& out, const wire::RunView& run) {
  if (!run.verdict) return;
  for (const auto& line : run.verdict->last_lines) out << "  | " << line << "\n";
}

// The columns of 2018-03 (wml-v3 f).
void add_details(const wire::RunView& run, std::vector<Row>& rows) {
  rows.push_back({"Training definition ID", wire::definition_place(run.definition_href).id});
  rows.push_back({"Command", command_text(run)});
  rows.push_back({"Source bucket", run.training_data.bucket});
  rows.push_back({"Target bucket", run.training_results.bucket});
  rows.push_back({"Framework name", run.framework});
  rows.push_back({"Framework version", run.version});
}

// T20. A run that failed stays, with the reason (T21); a run that waits says for what. The service
// of old had no rows for these.
int as_bx(Session& session, const Arguments& arguments) {
  if (const auto* verb = find_verb("show", show_verbs(), arguments)) {
    return verb->run(session, arguments);
  }
  check_one_id(arguments);
  const auto subject = subject_of(arguments.words[0]);
  auto& out = session.context.out;
  out << fmt::format("Fetching the {} details with MODEL-ID '{}' ...\n", subject.singular,
                     arguments.words[1])
      << std::flush;
  const auto run = session.api().run(arguments.words[1]);
  std::vector<Row> rows = {{"ModelId", run.id}, {"url", run.url}, {"Name", run.name}};
  if (!subject.older) add_details(run, rows);
  rows.push_back({"State", std::string(to_string(run.state))});
  rows.push_back({"Submitted_at", time_text(run.submitted_at, "")});
  if (run.verdict) rows.push_back({"Reason", run.verdict->message});
  if (run.queue) rows.push_back({"Waiting", run.queue->message});
  if (present_progress(run) != nullptr) rows.push_back({"Progress", phase_text(run)});
  out << text_table(rows);
  print_last_lines(out, run);
  out << fmt::format("OK\nShow {} details successful\n", subject.word);
  return kOk;
}

std::string store_text(const wire::StoreView& store) {
  auto text = fmt::format("{} at {}", store.bucket, store.endpoint);
  if (!store.model_location.empty()) text += fmt::format(", folder {}", store.model_location);
  return text;
}

std::vector<Row> details(const wire::RunView& run) {
  std::vector<Row> rows = {{"id", run.id},
                           {"name", run.name},
                           {"state", state_text(run)},
                           {"framework", fmt::format("{} {}", run.framework, run.version)},
                           {"size", size_text(run)},
                           {"command", command_text(run)},
                           {"data", store_text(run.training_data)},
                           {"results", store_text(run.training_results)},
                           {"submitted", time_text(run.submitted_at, "-")},
                           {"running", time_text(run.running_at, "-")},
                           {"finished", time_text(run.finished_at, "-")}};
  if (!run.description.empty()) rows.insert(rows.begin() + 2, {"description", run.description});
  if (run.attempt > 1) rows.push_back({"attempt", std::to_string(run.attempt)});
  if (const auto* progress = present_progress(run)) {
    rows.push_back({progress->phase, wire::progress_text(*progress)});
  }
  if (run.queue) rows.push_back({"waiting", run.queue->message});
  if (run.verdict) rows.push_back({"reason", run.verdict->message});
  return rows;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  const auto json = session.api().run_json(arguments.words[0]);
  if (arguments.has(kJson.name)) {
    out << json << "\n";
    return kOk;
  }
  const auto run = wire::decode_run(json);
  out << text_table(details(run));
  print_last_lines(out, run);
  return kOk;
}

}  // namespace

Command bx_show() {
  static const std::string kUsage = usage_of("training-runs|trained-models ID", show_verbs());
  return {
      .name = "show",
      .usage = kUsage,
      .summary = "Get detailed information about training-runs/training-definitions/experiments",
      .least_words = 2,
      .most_words = 3,
      .run = as_bx,
      .words = Words::RunIds,
      .choices = {"training-runs", "trained-models", "training-definitions", "experiments",
                  "experiment-runs"}};
}

Command trainyard_show() {
  return {.name = "show",
          .usage = "ID",
          .summary = "one training run",
          .least_words = 1,
          .most_words = 1,
          .options = {kJson, kStateDir},
          .run = as_trainyard,
          .words = Words::RunIds};
}

}  // namespace trainyard::cli
