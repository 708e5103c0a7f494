#include "api/openapi.hpp"

namespace trainyard::api {
namespace {

using enum Operation::Login;

void add_identity_operations(std::vector<Operation>& all) {
  for (const char* path : {"/v3/identity/token", "/v2/identity/token"}) {
    all.push_back({"GET",
                   path,
                   "identity",
                   "A token for user name and password",
                   {{200, "Token"}},
                   {401, 429},
                   "",
                   {},
                   Basic});
    all.push_back({"PUT",
                   path,
                   "identity",
                   "A new token for an old one",
                   {{200, "Token"}},
                   {401},
                   "Token",
                   {},
                   None});
  }
  all.insert(all.end(),
             {{"GET", "/v3/users", "identity", "All users", {{200, "Users"}}},
              {"POST", "/v3/users", "identity", "Add a user", {{201, "User"}}, {409}, "NewUser"},
              {"GET", "/v3/users/{name}", "identity", "One user", {{200, "User"}}},
              {"PATCH",
               "/v3/users/{name}",
               "identity",
               "Change role, or disable",
               {{200, "User"}},
               {409},
               "UserChange"},
              {"DELETE", "/v3/users/{name}", "identity", "Remove a user", {{204}}, {409}},
              {"PUT",
               "/v3/users/{name}/password",
               "identity",
               "Set a password",
               {{200, "User"}},
               {409, 429},
               "Password"},
              {"GET", "/v3/tokens", "identity", "Personal access tokens", {{200, "AccessTokens"}}},
              {"POST",
               "/v3/tokens",
               "identity",
               "Create a personal access token",
               {{201, "AccessToken"}},
               {409},
               "NewAccessToken"},
              {"GET", "/v3/tokens/{id}", "identity", "One token", {{200, "AccessToken"}}},
              {"DELETE", "/v3/tokens/{id}", "identity", "Revoke a token", {{204}}},
              {"GET",
               "/v3/audit",
               "identity",
               "Who did what, the oldest first",
               {{200, "AuditLog"}},
               {},
               "",
               {"last_entries"}}});
}

void add_instance_operations(std::vector<Operation>& all) {
  const std::string_view tag = "instance";
  all.insert(
      all.end(),
      {{"GET", "/v3/wml_instances/{instance}", tag, "The instance", {{200, "Instance"}}},
       {"GET",
        "/v3/wml_instances/{instance}/published_models",
        tag,
        "Always empty",
        {{200, "Empty"}}},
       {"GET", "/v3/wml_instances/{instance}/published_models/{item}", tag, "Never there"},
       {"GET", "/v3/wml_instances/{instance}/deployments", tag, "Always empty", {{200, "Empty"}}},
       {"GET", "/v3/wml_instances/{instance}/deployments/{item}", tag, "Never there"},
       {"GET", "/v3/ml_assets/models", tag, "Always empty", {{200, "Empty"}}},
       {"GET", "/v3/ml_assets/models/{item}", tag, "Never there"},
       {"POST", "/v3/ml_assets/models", tag, "Not offered: results lie in their bucket"},
       {"PUT", "/v3/models/{id}/ml_asset", tag, "Not offered: results lie in their bucket"}});
}

void add_definition_operations(std::vector<Operation>& all) {
  const std::string_view tag = "definitions";
  // The second is their name of before 2018.
  for (const std::string base :
       {"/v3/ml_assets/training_definitions", "/v3/ml_assets/experiments"}) {
    all.insert(
        all.end(),
        {{"POST",
          base,
          tag,
          "Create a training definition",
          {{201, "Definition"}},
          {},
          "NewDefinition"},
         {"GET",
          base,
          tag,
          "Training definitions, by creation",
          {{200, "Definitions"}},
          {},
          "",
          {"limit", "start", "owner"}},
         {"GET", base + "/{id}", tag, "One training definition", {{200, "Definition"}}},
         {"DELETE", base + "/{id}", tag, "Remove a training definition", {{204}}, {412}},
         {"POST",
          base + "/{id}",
          tag,
          "Add a version, which is the one meant once its zip is there",
          {{201, "Definition"}},
          {409},
          "NewDefinition"},
         {"GET",
          base + "/{id}/versions",
          tag,
          "Its versions, the oldest first",
          {{200, "Definitions"}}},
         {"GET", base + "/{id}/versions/{version}", tag, "That version", {{200, "Definition"}}}});
    for (const std::string& path :
         {base + "/{id}/content", base + "/{id}/versions/{version}/content"}) {
      all.push_back({"GET", path, tag, "The zip", {{200, "zip"}}});
      all.push_back({"PUT", path, tag, "Upload the zip, once", {{200, "Ok"}}, {409}, "bytes"});
    }
  }
}

void add_run_operations(std::vector<Operation>& all) {
  const std::string_view tag = "runs";
  all.insert(
      all.end(),
      {{"GET", "/v3/models/frameworks", tag, "What a run may name", {{200, "Frameworks"}}},
       {"POST",
        "/v3/models",
        tag,
        "Start a training run",
        {{202, "Run"}},
        {409, 429, 504},
        "NewRun",
        {"idempotency_key"}},
       {"POST",
        "/v3/models/checks",
        tag,
        "Would a training run be taken? Its definition may be left out",
        {{200, "Ok"}},
        {409, 429, 504},
        "NewRun"},
       {"GET",
        "/v3/models",
        tag,
        "Training runs, by id; a summary by submission",
        {{200, "Runs"}},
        {},
        "",
        {"limit", "start", "view", "owner"}},
       {"GET", "/v3/models/{id}", tag, "One training run", {{200, "Run"}}},
       {"PATCH", "/v3/models/{id}", tag, "Cancel it", {{204}}, {409, 412}, "Cancel"},
       {"DELETE", "/v3/models/{id}", tag, "Remove its history, ending it first", {{204}}, {412}},
       {"GET",
        "/v3/models/{id}/monitor",
        tag,
        "State and log, as a websocket",
        {{101, "MonitorFrame"}},
        {},
        "",
        {"last", "offset"}},
       {"GET",
        "/v3/models/{id}/logs/{file}",
        tag,
        "A log, or a part of it (Range)",
        {{200, "log"}, {206, "text"}},
        {416},
        "",
        {"offset", "last_lines", "follow", "download", "last_event_id", "range"}}});
}

void add_experiment_operations(std::vector<Operation>& all) {
  const std::string_view tag = "experiments";
  const std::string one = "/v3/experiments/{id}";
  const std::string run = one + "/runs/{run}";
  all.insert(
      all.end(),
      {{"POST",
        "/v3/experiments",
        tag,
        "Create an experiment",
        {{201, "Experiment"}},
        {},
        "NewExperiment"},
       {"GET",
        "/v3/experiments",
        tag,
        "Experiments, by id",
        {{200, "Experiments"}},
        {},
        "",
        {"limit", "start", "owner"}},
       {"GET", one, tag, "One experiment", {{200, "Experiment"}}},
       {"PATCH", one, tag, "Change it", {{200, "Experiment"}}, {409, 412}, "Patch"},
       {"DELETE", one, tag, "Remove it with its runs, ending them first", {{204}}, {412}},
       {"POST",
        one + "/runs",
        tag,
        "Start all its training runs, or none",
        {{200, "ExperimentRun"}},
        {409, 429, 504},
        "",
        {"idempotency_key"}},
       {"GET",
        one + "/runs",
        tag,
        "Its runs, by creation",
        {{200, "ExperimentRuns"}},
        {},
        "",
        {"limit", "start"}},
       {"GET", run, tag, "One run of it", {{200, "ExperimentRun"}}},
       {"PATCH", run, tag, "Cancel what is left of it", {{204}}, {412}, "Cancel"},
       {"DELETE", run, tag, "Remove it with its training runs, ending them first", {{204}}, {412}},
       {"GET",
        run + "/monitor",
        tag,
        "States and logs, as a websocket",
        {{101, "ExperimentFrame"}},
        {},
        "",
        {"last"}}});
}

void add_service_operations(std::vector<Operation>& all) {
  const std::string_view tag = "service";
  all.insert(
      all.end(),
      {{"GET", "/v3/status", tag, "The machine and its slots", {{200, "Status"}}},
       {"GET", "/healthz", tag, "The process answers", {{200, "Ok"}}, {}, "", {}, None},
       {"GET", "/readyz", tag, "Its database does", {{200, "Ok"}}, {}, "", {}, None},
       {"GET", "/metrics", tag, "For Prometheus", {{200, "metrics"}}, {}, "", {}, None},
       {"GET", "/openapi.json", tag, "This document", {{200, "Document"}}, {}, "", {}, None}});
}

// With the token of a run's learner, which no user has.
void add_learner_operations(std::vector<Operation>& all) {
  const std::string_view tag = "learners";
  const std::string one = "/v3/learners/{run}";
  all.insert(all.end(),
             {{"GET", one + "/assignment", tag, "What to do", {{200, "Document"}}},
              {"GET", one + "/definition", tag, "The zip", {{200, "zip"}}},
              {"POST", one + "/reports", tag, "What happened", {{200, "Document"}}, {}, "Document"},
              {"PUT",
               one + "/logs/{file}",
               tag,
               "Bytes of a log",
               {{200, "Document"}},
               {409},
               "bytes",
               {"offset"}}});
}

}  // namespace

std::span<const Operation> operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> result;
    for (const auto add : {add_identity_operations, add_instance_operations,
                           add_definition_operations, add_run_operations, add_experiment_operations,
                           add_service_operations, add_learner_operations}) {
      add(result);
    }
    return result;
  }();
  return all;
}

}  // namespace trainyard::api
