// trainyard experiment, trainyard definition: what is stored to be run later.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/run_text.hpp"
#include "cli/subcommand.hpp"
#include "cli/submission.hpp"
#include "cli/text_table.hpp"
#include "client/stored.hpp"

namespace trainyard::cli {
namespace {

constexpr Milliseconds kWatchPause{500};

// ---- definitions

int definition_store(Session& session, const Arguments& arguments) {
  const auto stored = store_definition(session, arguments.words[1], arguments.words[2]);
  session.context.out << stored.id << "\n" << stored.url << "\n";
  return kOk;
}

int definition_list(Session& session, const Arguments&) {
  std::vector<Row> rows = {{"ID", "NAME", "FRAMEWORK", "CREATED"}};
  client::definitions(session.api(), [&](const wire::DefinitionView& definition) {
    rows.push_back({definition.id, definition.name,
                    fmt::format("{} {}", definition.framework.name, definition.framework.version),
                    format_seconds(definition.created_at)});
  });
  session.context.out << text_table(rows);
  return kOk;
}

int definition_delete(Session& session, const Arguments& arguments) {
  client::remove_definition(session.api(), arguments.words[1]);
  return kOk;
}

// ---- experiments

int store(Session& session, const Arguments& arguments) {
  session.context.out << store_experiment(session, arguments.words[1]).id << "\n";
  return kOk;
}

int list(Session& session, const Arguments&) {
  std::vector<Row> rows = {{"ID", "NAME", "RUNS EACH", "CREATED"}};
  client::experiments(session.api(), [&](const wire::ExperimentView& experiment) {
    rows.push_back({experiment.id, experiment.name, std::to_string(experiment.training_references),
                    format_seconds(experiment.created_at)});
  });
  session.context.out << text_table(rows);
  return kOk;
}

// "3 of 40 ended"
std::string progress_of(const wire::ExperimentRunView& run) {
  const auto ended = std::ranges::count_if(
      run.trainings, [](const auto& training) { return model::is_terminal(training.state); });
  return fmt::format("{} of {} ended", ended, run.trainings.size());
}

int runs(Session& session, const Arguments& arguments) {
  std::vector<Row> rows = {{"RUN", "STATE", "PROGRESS", "CREATED"}};
  client::experiment_runs(session.api(), arguments.words[1],
                          [&](const wire::ExperimentRunView& run) {
                            rows.push_back({run.id, std::string(to_string(run.state)),
                                            progress_of(run), format_seconds(run.created_at)});
                          });
  session.context.out << text_table(rows);
  return kOk;
}

void print_run(Session& session, const wire::ExperimentRunView& run) {
  std::vector<Row> rows = {{"ID", "NAME", "STATE", "SUBMITTED", "FINISHED"}};
  for (const auto& training : run.trainings) {
    rows.push_back({training.run, training.name, std::string(to_string(training.state)),
                    time_text(training.submitted_at, "-"), time_text(training.finished_at, "-")});
  }
  session.context.out << text_table(rows);
}

int show(Session& session, const Arguments& arguments) {
  print_run(session, client::experiment_run(session.api(), arguments.words[1], arguments.words[2]));
  return kOk;
}

// Until all have ended; how far it is goes to the error stream when it changes.
int watch(Session& session, const std::string& id, const std::string& run_id) {
  std::string told;
  while (true) {
    const auto run = client::experiment_run(session.api(), id, run_id);
    const auto now = fmt::format("{}: {}\n", to_string(run.state), progress_of(run));
    if (now != told) session.context.err << now << std::flush;
    told = now;
    if (model::is_terminal(run.state)) {
      print_run(session, run);
      return run.state == model::RunState::Completed ? kOk : kFailed;
    }
    if (!session.context.clock.sleep_for(kWatchPause, session.context.stop)) {
      throw Error(ErrorKind::Canceled, "interrupted");
    }
  }
}

int run(Session& session, const Arguments& arguments) {
  const auto started = client::run_experiment(session.api(), arguments.words[1]);
  session.context.out << started.id << std::endl;
  return arguments.has("--watch") ? watch(session, arguments.words[1], started.id) : kOk;
}

int watch_run_of(Session& session, const Arguments& arguments) {
  return watch(session, arguments.words[1], arguments.words[2]);
}

int cancel(Session& session, const Arguments& arguments) {
  client::cancel_experiment_run(session.api(), arguments.words[1], arguments.words[2]);
  return kOk;
}

int remove(Session& session, const Arguments& arguments) {
  client::remove_experiment(session.api(), arguments.words[1]);
  return kOk;
}

int remove_run(Session& session, const Arguments& arguments) {
  client::remove_experiment_run(session.api(), arguments.words[1], arguments.words[2]);
  return kOk;
}

const std::vector<Subcommand>& definition_actions() {
  static const std::vector<Subcommand> table = {{"store", "ZIP MANIFEST", definition_store},
                                                {"list", "", definition_list},
                                                {"delete", "ID", definition_delete}};
  return table;
}

const std::vector<Subcommand>& experiment_actions() {
  static const std::vector<Subcommand> table = {
      {"store", "MANIFEST", store}, {"list", "", list},       {"run", "ID", run},
      {"runs", "ID", runs},         {"show", "ID RUN", show}, {"watch", "ID RUN", watch_run_of},
      {"cancel", "ID RUN", cancel}, {"delete", "ID", remove}, {"delete-run", "ID RUN", remove_run}};
  return table;
}

}  // namespace

Command trainyard_definition() {
  return {.name = "definition",
          .usage = "store|list|delete [ZIP MANIFEST|ID]",
          .summary = "training definitions: model code that is stored to be run later",
          .least_words = 1,
          .most_words = 3,
          .options = {kStateDir},
          .run =
              [](Session& s, const Arguments& a) {
                return run_action("definition", definition_actions(), s, a);
              },
          .words = Words::Files,
          .choices = names_of(definition_actions())};
}

Command trainyard_experiment() {
  return {.name = "experiment",
          .usage = "store|list|run|runs|show|watch|cancel|delete|delete-run [MANIFEST|ID [RUN]]",
          .summary = "experiments: many training runs that are started and watched as one",
          .least_words = 1,
          .most_words = 3,
          .options = {{"--watch", "-w", "", "with run: wait until all have ended"}, kStateDir},
          .run =
              [](Session& s, const Arguments& a) {
                return run_action("experiment", experiment_actions(), s, a);
              },
          .words = Words::Files,
          .choices = names_of(experiment_actions())};
}

}  // namespace trainyard::cli
