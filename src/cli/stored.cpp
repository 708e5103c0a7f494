#include "cli/stored.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/run_text.hpp"
#include "cli/text_table.hpp"
#include "client/stored.hpp"

namespace trainyard::cli {
namespace {

using client::cancel_experiment_run;

void say(Session& session, const std::string& line) { session.context.out << line << std::flush; }

std::string number(const std::vector<Row>& rows) { return std::to_string(rows.size()); }

// ---- list

int list_definitions(Session& session, const Arguments&) {
  say(session, "Fetching the list of training-definitions ...\n");
  std::vector<Row> rows = {{"SI No", "Name", "guid", "framework", "created-at"}};
  client::definitions(session.api(), [&](const wire::DefinitionView& definition) {
    rows.push_back({number(rows), definition.name, definition.id, definition.framework.name,
                    format_millis(definition.created_at)});
  });
  session.context.out << text_table(rows)
                      << fmt::format(
                             "\n{} records found.\nOK\nList all training-definitions "
                             "successful\n",
                             rows.size() - 1);
  return kOk;
}

int list_experiments(Session& session, const Arguments&) {
  say(session, "Fetching the list of experiments ...\n");
  std::vector<Row> rows = {{"SI No", "Name", "guid", "created-at"}};
  client::experiments(session.api(), [&](const wire::ExperimentView& experiment) {
    rows.push_back(
        {number(rows), experiment.name, experiment.id, format_millis(experiment.created_at)});
  });
  session.context.out << text_table(rows)
                      << fmt::format("\n{} records found.\nOK\nList all experiments successful\n",
                                     rows.size() - 1);
  return kOk;
}

int list_experiment_runs(Session& session, const Arguments& arguments) {
  say(session, "Fetching the list of experiment-runs ...\n");
  std::vector<Row> rows = {{"SI No", "guid", "state", "created-at"}};
  client::experiment_runs(session.api(), arguments.words[1],
                          [&](const wire::ExperimentRunView& run) {
                            rows.push_back({number(rows), run.id, std::string(to_string(run.state)),
                                            format_seconds(run.created_at)});
                          });
  session.context.out << text_table(rows)
                      << fmt::format(
                             "\n{} records found.\nOK\nList all experiment-runs successful\n",
                             rows.size() - 1);
  return kOk;
}

// Without a count, and submitted_at with its underscore, as it was.
int list_trainings(Session& session, const Arguments& arguments) {
  say(session,
      fmt::format("Fetching the list of training-runs in experiment-run with ID '{}' ...\n",
                  arguments.words[2]));
  const auto run = client::experiment_run(session.api(), arguments.words[1], arguments.words[2]);
  std::vector<Row> rows = {{"SI No", "Name", "guid", "state", "submitted_at"}};
  for (const auto& training : run.trainings) {
    rows.push_back({number(rows), training.name, training.run,
                    std::string(to_string(training.state)), time_text(training.submitted_at, "")});
  }
  session.context.out << text_table(rows) << "OK\nList training-runs successful\n";
  return kOk;
}

// ---- show: no line says "successful"

int show_definition(Session& session, const Arguments& arguments) {
  say(session, fmt::format("Fetching the training-definition details with ID '{}' ...\n",
                           arguments.words[1]));
  const auto definition = client::definition(session.api(), arguments.words[1]);
  session.context.out << text_table({{"TrainingDefinitiontId", definition.id},  // as it was spelt
                                     {"name", definition.name},
                                     {"framework", definition.framework.name},
                                     {"url", definition.url},
                                     {"created_at", format_millis(definition.created_at)}})
                      << "OK\n";
  return kOk;
}

int show_experiment(Session& session, const Arguments& arguments) {
  say(session,
      fmt::format("Fetching the experiment details with ID '{}' ...\n", arguments.words[1]));
  const auto experiment = client::experiment(session.api(), arguments.words[1]);
  session.context.out << text_table({{"ExperimentId", experiment.id},
                                     {"name", experiment.name},
                                     {"url", experiment.url},
                                     {"created_at", format_millis(experiment.created_at)}})
                      << "OK\n";
  return kOk;
}

int show_experiment_run(Session& session, const Arguments& arguments) {
  say(session,
      fmt::format("Fetching the experiment-run details with ID '{}' ...\n", arguments.words[2]));
  const auto run = client::experiment_run(session.api(), arguments.words[1], arguments.words[2]);
  session.context.out << text_table({{"ExperimentRunId", run.id},
                                     {"url", run.url},
                                     {"state", std::string(to_string(run.state))},
                                     {"training runs", std::to_string(run.trainings.size())},
                                     {"created_at", format_seconds(run.created_at)}})
                      << "OK\n";
  return kOk;
}

// ---- delete, cancel

int delete_definition(Session& session, const Arguments& arguments) {
  say(session, fmt::format("Deleting the training-definition '{}' ...\n", arguments.words[1]));
  client::remove_definition(session.api(), arguments.words[1]);
  say(session, "OK\nDelete training-definition successful\n");
  return kOk;
}

int delete_experiment(Session& session, const Arguments& arguments) {
  say(session, fmt::format("Deleting the experiment '{}' ...\n", arguments.words[1]));
  client::remove_experiment(session.api(), arguments.words[1]);
  say(session, "OK\nDelete experiment successful\n");
  return kOk;
}

int delete_experiment_run(Session& session, const Arguments& arguments) {
  say(session, fmt::format("Deleting the experiment-run '{}' ...\n", arguments.words[2]));
  client::remove_experiment_run(session.api(), arguments.words[1], arguments.words[2]);
  say(session, "OK\nDelete experiment-run successful\n");
  return kOk;
}

int cancel_run(Session& session, const Arguments& arguments) {
  say(session, fmt::format("Canceling the experiment-run '{}' ...\n", arguments.words[2]));
  cancel_experiment_run(session.api(), arguments.words[1], arguments.words[2]);
  say(session, "OK\nCancel experiment-run successful\n");
  return kOk;
}

constexpr std::string_view kRunWords = "EXPERIMENT-ID RUN-ID";

}  // namespace

const std::vector<StoredVerb>& list_verbs() {
  static const std::vector<StoredVerb> verbs = {
      {"training-definitions", "", list_definitions},
      {"experiments", "", list_experiments},
      {"experiment-runs", "EXPERIMENT-ID", list_experiment_runs},
      {"training-runs", kRunWords, list_trainings}};
  return verbs;
}

const std::vector<StoredVerb>& show_verbs() {
  static const std::vector<StoredVerb> verbs = {
      {"training-definitions", "ID", show_definition},
      {"experiments", "ID", show_experiment},
      {"experiment-runs", kRunWords, show_experiment_run}};
  return verbs;
}

const std::vector<StoredVerb>& delete_verbs() {
  static const std::vector<StoredVerb> verbs = {
      {"training-definitions", "ID", delete_definition},
      {"experiments", "ID", delete_experiment},
      {"experiment-runs", kRunWords, delete_experiment_run}};
  return verbs;
}

const std::vector<StoredVerb>& cancel_verbs() {
  static const std::vector<StoredVerb> verbs = {{"experiment-runs", kRunWords, cancel_run}};
  return verbs;
}

const StoredVerb* find_verb(std::string_view verb, const std::vector<StoredVerb>& verbs,
                            const Arguments& arguments) {
  for (const StoredVerb& each : verbs) {
    if (each.kind != arguments.words[0]) continue;
    const auto words = each.usage.empty() ? 0 : split(each.usage, ' ').size();
    if (arguments.words.size() == words + 1) return &each;
    if (each.kind == "training-runs") return nullptr;  // the list of all training runs
    throw Error(ErrorKind::InvalidInput, fmt::format("this is `bx ml {} {}{}{}`", verb, each.kind,
                                                     each.usage.empty() ? "" : " ", each.usage));
  }
  return nullptr;
}

std::string usage_of(std::string_view first, const std::vector<StoredVerb>& verbs) {
  std::string usage(first);
  for (const StoredVerb& verb : verbs) {
    usage += fmt::format("|{}{}{}", verb.kind, verb.usage.empty() ? "" : " ", verb.usage);
  }
  return usage;
}

}  // namespace trainyard::cli
