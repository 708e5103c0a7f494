#include "wire/experiment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "wire/experiment_run.hpp"
#include "wire/sample_run.hpp"

namespace trainyard::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kRequest = R"({
  "settings": {"name": "two ways", "author": {"name": "Ada"},
               "evaluation_definition": {"method": "multiclass",
                                         "metrics": [{"name": "accuracy", "maximize": true}]}},
  "tags": [{"value": "dsx-project.1", "description": "DSX project guid"}],
  "training_references": [
    {"name": "fast", "training_definition_url": "http://h/v3/ml_assets/training_definitions/d1",
     "command": "true", "compute_configuration": {"name": "small", "nodes": 1}},
    {"training_definition_url": "http://h/v3/ml_assets/training_definitions/d2"}],
  "training_data_reference": {"type": "s3", "source": {"bucket": "in"},
     "connection": {"endpoint_url": "http://s", "aws_access_key_id": "AKIA",
                    "aws_secret_access_key": "data-secret"}},
  "training_results_reference": {"type": "s3", "target": {"bucket": "out"},
     "connection": {"endpoint_url": "http://s", "access_key_id": "AKIA",
                    "secret_access_key": "results-secret"}}
})";

Secret entity() { return decode_experiment_request(kRequest).entity; }

std::string changed(const std::string& path, const json& value) {
  json request = json::parse(kRequest);
  request[json::json_pointer(path)] = value;
  return request.dump();
}

TEST(WireExperiment, IsAnsweredAsItWasSentButForItsSecrets) {
  const Secret kept = entity();
  const Experiment experiment{.id = "422902ab-d384-4ce1-81aa-0350ca9e94b6",
                              .entity = kept,
                              .created_at = time("2018-01-30T16:18:17.265Z"),
                              .modified_at = time("2018-01-30T16:18:17.265Z")};
  EXPECT_EQ(json::parse(encode(experiment, "http://h", Secrets::Masked)),
            json::parse(file("experiment.json")));
  const auto clear = json::parse(encode(experiment, "http://h", Secrets::InClear));
  EXPECT_EQ(clear["entity"], json::parse(kRequest));
  const auto view = decode_experiment(encode(experiment, "http://h", Secrets::Masked));
  EXPECT_EQ(view.name, "two ways");
  EXPECT_EQ(view.url, "http://h/v3/experiments/422902ab-d384-4ce1-81aa-0350ca9e94b6");
  EXPECT_EQ(view.training_references, 2u);
}

TEST(WireExperiment, WhatIsMissingOrNotOfferedIsRefused) {
  const auto refused = [](const std::string& request) {
    return kind_of([&] { decode_experiment_request(request); });
  };
  EXPECT_EQ(refused("{}"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(changed("/settings/name", 7)), ErrorKind::InvalidInput);
  EXPECT_NO_THROW(decode_experiment_request(changed("/settings/name", std::string(1000, 'n'))));
  for (const char* place : {"/settings/name", "/training_references/0/name"}) {
    EXPECT_EQ(refused(changed(place, std::string(1001, 'n'))), ErrorKind::InvalidInput) << place;
  }
  EXPECT_EQ(refused(changed("/training_references", json::array())), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(changed("/training_references",
                            json(kMostTrainingReferences + 1, {{"training_definition_url", "u"}}))),
            ErrorKind::InvalidInput);
  EXPECT_EQ(refused(changed("/training_references/0", {{"name", "no url"}})),
            ErrorKind::InvalidInput);
  EXPECT_EQ(refused(changed("/training_results_reference", "x")), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(changed("/training_references/0/hyper_parameters_optimization",
                            {{"method", {{"name", "random"}}}})),
            ErrorKind::Unsupported);
}

TEST(WireExperiment, EachReferenceBecomesTheRequestOfARun) {
  const auto references = training_references(entity());
  ASSERT_EQ(references.size(), 2u);
  EXPECT_EQ(references[0].name, "fast");
  EXPECT_TRUE(references[0].has_data);
  const auto requests = training_requests(entity(), std::vector<Secret>(2));
  ASSERT_EQ(requests.size(), 2u);
  const auto first = json::parse(requests[0].reveal());
  EXPECT_EQ(first["model_definition"], json::parse(R"({"name":"fast","author":{"name":"Ada"},
              "definition_href":"http://h/v3/ml_assets/training_definitions/d1",
              "execution":{"command":"true","compute_configuration":{"name":"small","nodes":1}}})"));
  EXPECT_EQ(first["training_data_reference"], json::parse(kRequest)["training_data_reference"]);
  const auto second = json::parse(requests[1].reveal());
  EXPECT_EQ(second["model_definition"]["name"], "");
  EXPECT_EQ(second["model_definition"]["execution"], json::object());
}

TEST(WireExperiment, TheDataOfADefinitionIsTakenWhenTheExperimentHasNone) {
  const Secret kept =
      decode_experiment_request(changed("/training_data_reference", nullptr)).entity;
  EXPECT_FALSE(training_references(kept)[0].has_data);
  const std::vector<Secret> data{Secret(R"({"type":"s3"})"), Secret()};
  const auto requests = training_requests(kept, data);
  EXPECT_EQ(json::parse(requests[0].reveal())["training_data_reference"], json({{"type", "s3"}}));
  EXPECT_FALSE(json::parse(requests[1].reveal()).contains("training_data_reference"));
}

TEST(WireExperiment, APatchIsAListOrOneOperation) {
  const std::string replace = R"({"op":"replace","path":"/settings/name","value":"new"})";
  EXPECT_EQ(patch_experiment(entity(), replace).name, "new");
  const auto both = patch_experiment(
      entity(), "[" + replace + R"(,{"op":"add","path":"/settings/description","value":"d"}])");
  EXPECT_EQ(json::parse(both.entity.reveal())["settings"]["description"], "d");
  EXPECT_THAT(both.entity.reveal(), HasSubstr("data-secret"));
}

TEST(WireExperiment, APatchThatDoesNotFitIsRefused) {
  const auto refused = [](const std::string& patch) {
    return kind_of([&] { patch_experiment(entity(), patch); });
  };
  EXPECT_EQ(refused("[]"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(R"({"op":"copy","from":"/settings","path":"/x"})"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(R"({"op":"replace","path":"/none/such","value":1})"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(R"({"op":"replace","path":"","value":[]})"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(R"({"op":"add","path":"/settings"})"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(R"({"op":"remove","path":"/settings/name"})"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused(R"({"op":"test","path":"/settings/name","value":"x"})"), ErrorKind::Conflict);
}

// The sentence of a refusal.
std::string refusal(const Secret& experiment, const json& patch) {
  try {
    patch_experiment(experiment, patch.dump());
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
    return e.what();
  }
  return "none";
}

Secret swift_entity() {
  return decode_experiment_request(
             changed("/training_data_reference", {{"type", "bluemix_objectstore"},
                                                  {"source", {{"bucket", "in"}}},
                                                  {"connection",
                                                   {{"auth_url", "https://keystone"},
                                                    {"user_name", "u"},
                                                    {"password", "hush"},
                                                    {"region", "dal"},
                                                    {"domain_name", "1"},
                                                    {"project_id", "2"}}}}))
      .entity;
}

json replace(const std::string& path, const json& value) {
  return {{"op", "replace"}, {"path", path}, {"value", value}};
}

TEST(WireExperiment, APatchKeepsTheKeyForAnotherBucketOrNameOfTheSameServer) {
  for (const char* path : {"/source/bucket", "/source/container", "/source/prefix", "/name"}) {
    const json patch = {
        {"op", "add"}, {"path", std::string("/training_data_reference") + path}, {"value", "x"}};
    EXPECT_EQ(refusal(swift_entity(), patch), "none") << path;
  }
}

TEST(WireExperiment, APatchSendsNoKeptKeyElsewhere) {
  const std::string data = "/training_data_reference";
  const json bare = {{"auth_url", "https://hers"}, {"user_name", "u"}};
  const json hers = replace(data + "/connection/auth_url", "https://hers");
  const json type = replace(data + "/type", "s3");
  const json other_name = {
      {"op", "add"}, {"path", data + "/connection/endpoint_url"}, {"value", "h"}};
  const json user = replace(data + "/connection/user_name", "v");
  const json project = replace(data + "/connection/project_id", "3");
  for (const json& patch : {hers, type, other_name, user, project}) {
    EXPECT_EQ(
        refusal(swift_entity(), patch),
        "JSON-patch: training_data_reference.connection would be another one, and the password "
        "that is kept was given for the one before: give training_data_reference.connection "
        "with its password in the same patch")
        << patch;
  }
  const json results =
      replace("/training_results_reference/connection/endpoint_url", "http://hers");
  EXPECT_THAT(refusal(entity(), results),
              HasSubstr("training_results_reference.connection with its "
                        "secret_access_key in the same patch"));
  // Who leaves the password out loses it.
  const auto lost = patch_experiment(swift_entity(), replace(data + "/connection", bare).dump());
  EXPECT_THAT(lost.entity.reveal(), Not(HasSubstr("hush")));
}

TEST(WireExperiment, APatchSendsAKeyElsewhereThatItBringsAlong) {
  const std::string connection = "/training_data_reference/connection";
  const json patch = {replace(connection + "/auth_url", "https://mine"),
                      replace(connection + "/password", "new")};
  const auto moved = json::parse(patch_experiment(swift_entity(), patch.dump()).entity.reveal());
  EXPECT_EQ(moved["training_data_reference"]["connection"]["auth_url"], "https://mine");
  EXPECT_EQ(moved["training_data_reference"]["connection"]["password"], "new");
  EXPECT_EQ(refusal(swift_entity(),
                    replace(connection, {{"auth_url", "https://mine"}, {"password", "new"}})),
            "none");
}

TEST(WireExperiment, APatchWithinTheSameServerKeepsTheKey) {
  const std::string data = "/training_data_reference";
  const json patch = {replace(data + "/source", {{"bucket", "other"}}),
                      replace(data + "/connection/region", "lon"),
                      replace(data + "/connection/auth_url", "https://keystone")};
  const auto moved = json::parse(patch_experiment(swift_entity(), patch.dump()).entity.reveal());
  EXPECT_EQ(moved["training_data_reference"]["connection"]["password"], "hush");
  EXPECT_EQ(moved["training_data_reference"]["connection"]["region"], "lon");
}

TEST(WireExperiment, APatchTellsNobodyWhatAKeyIs) {
  const json test = {
      {"op", "test"}, {"path", "/training_data_reference/connection/password"}, {"value", "hush"}};
  EXPECT_EQ(kind_of([&] { patch_experiment(swift_entity(), test.dump()); }), ErrorKind::Conflict);
}

TEST(WireExperiment, AKeyAsAnswersShowItIsRefused) {
  const auto refused = [](const std::string& path, const json& value) {
    return kind_of([&] { decode_experiment_request(changed(path, value)); });
  };
  const std::string key = "/training_results_reference/connection/secret_access_key";
  EXPECT_EQ(refused(key, "***"), ErrorKind::InvalidInput);
  EXPECT_EQ(refused("/settings/evaluation_definition", {{"api_key", "***"}}),
            ErrorKind::InvalidInput);
  EXPECT_EQ(refused("/tags/0/value", "https://***@h"), ErrorKind::InvalidInput);
  EXPECT_EQ(
      refusal(entity(), replace(key, "***")),
      "experiment: field \"training_results_reference\" has \"***\", as answers show keys: send "
      "the key itself");
}

TEST(WireExperiment, AnEarlierOneThatHasAMaskForAKeyCanBeChanged) {
  json earlier = json::parse(kRequest);
  earlier["training_data_reference"]["connection"]["aws_secret_access_key"] = "***";
  const auto renamed =
      patch_experiment(Secret(earlier.dump()), replace("/settings/name", "n").dump());
  EXPECT_EQ(renamed.name, "n");
}

TEST(WireExperiment, ListsHaveANextPage) {
  const Secret kept = entity();
  const Experiment one{.id = "e1", .entity = kept, .created_at = {}, .modified_at = {}};
  ExperimentListWriter writer;
  writer.add(one, "http://h", Secrets::Masked);
  const auto list = decode_experiment_list(writer.finish("http://h/next"));
  ASSERT_EQ(list.experiments.size(), 1u);
  EXPECT_EQ(list.experiments[0].id, "e1");
  EXPECT_EQ(list.next_url, "http://h/next");
}

model::TrainingRun training(const char* name, const char* run_id) {
  model::TrainingRun run;
  run.id = id(run_id);
  run.manifest.name = name;
  run.definition_id = "6f7705bb-85ee-496b-984c-14b5d6bc756e";
  run.created_at = run.modified_at = time("2018-02-01T09:14:14.500Z");
  return run;
}

TEST(WireExperimentRun, TheSecretsOfItsEvaluationAreNotShown) {
  const json evaluation = {{"api_key", "hush"},
                           {"url", "https://u:hush@h"},
                           {"metrics", {{{"name", "accuracy"}, {"secret", "hush"}}}}};
  const Secret kept(changed("/settings/evaluation_definition", evaluation));
  EXPECT_EQ(json::parse(evaluation_definition(kept)),
            json({{"api_key", "***"},
                  {"url", "https://***@h"},
                  {"metrics", {{{"name", "accuracy"}, {"secret", "***"}}}}}));
}

TEST(WireExperiment, ItsEvaluationIsCheckedWhenItIsMadeAndWhenItIsChanged) {
  for (const json& refused : {json("text"), json({"x"}), json(5), json({{"metrics", "x"}})}) {
    EXPECT_THROW(decode_experiment_request(changed("/settings/evaluation_definition", refused)),
                 Error);
    const json patch = {
        {"op", "replace"}, {"path", "/settings/evaluation_definition"}, {"value", refused}};
    EXPECT_THROW(patch_experiment(entity(), patch.dump()), Error);
  }
}

TEST(WireExperiment, AnEvaluationThatIsOlderThanItsCheckHindersNoOtherChange) {
  const Secret older(changed("/settings/evaluation_definition", "text"));
  EXPECT_EQ(refusal(older, replace("/settings/name", "n")), "none");
  EXPECT_THAT(refusal(older, replace("/settings/evaluation_definition", 5)),
              HasSubstr("evaluation_definition"));
}

// Of experiments that are older than the check.
TEST(WireExperimentRun, AnEvaluationThatIsNoneIsShownAsNone) {
  for (const json& value : {json("text"), json({"x"}), json(5), json()}) {
    EXPECT_EQ(evaluation_definition(Secret(changed("/settings/evaluation_definition", value))),
              "{}");
  }
}

TEST(WireExperimentRun, IsAnsweredAsRecorded) {
  const ExperimentRun run{.id = "6d46291f-2266-4c4c-bb74-6de79f9b9b18",
                          .experiment_id = "c2e94a92-cefe-45b7-bc99-56420abcaa1a",
                          .created_at = time("2018-02-01T09:14:09.250Z"),
                          .runs = {}};
  std::vector<model::TrainingRun> trainings{training("model-1", "training-5H2xmKCzR"),
                                            training("model-2", "training-8aBbiKCkg")};
  trainings[1].status = {
      .state = model::RunState::Error,
      .phase = model::Phase::Ended,
      .exit_code = 1,
      .verdict =
          model::Verdict{
              .code = "C201", .kind = "exit_code", .message = "It ended.", .exit_code = 1},
      .finished_at = time("2018-02-01T09:15:00Z")};
  ExperimentRun full = run;
  full.runs = trainings;
  const std::string evaluation = evaluation_definition(entity());
  const auto text = encode(full, evaluation, "http://h");
  EXPECT_EQ(json::parse(text), json::parse(file("experiment-run.json")));
  const auto view = decode_experiment_run(text);
  EXPECT_EQ(view.experiment_id, run.experiment_id);
  EXPECT_EQ(view.state, model::RunState::Running);
  ASSERT_EQ(view.trainings.size(), 2u);
  EXPECT_EQ(view.trainings[1].state, model::RunState::Error);
  EXPECT_EQ(view.trainings[1].finished_at, time("2018-02-01T09:15:00Z"));
  const auto list =
      decode_experiment_run_list(encode_experiment_run_list({&full, 1}, "{}", "http://h", ""));
  EXPECT_EQ(list.runs.size(), 1u);
  EXPECT_EQ(list.next_url, "");
}

TEST(WireExperimentRun, OnceCompletedItShowsItsBestTrainings) {
  std::vector<model::TrainingRun> trainings{training("model-1", "training-5H2xmKCzR"),
                                            training("model-2", "training-8aBbiKCkg"),
                                            training("model-3", "training-9aBbiKCkg")};
  const std::vector<std::vector<Metric>> metrics{
      {{.timestamp = "t", .iteration = 9, .phase = "test", .values = {{"acc", 0.8125}}}},
      {{.timestamp = "t", .iteration = 9, .phase = "test", .values = {{"acc", 0.875}}}},
      {}};
  for (auto& run : trainings) run.status.state = model::RunState::Completed;
  ExperimentRun run{.id = "r", .experiment_id = "e", .created_at = {}, .runs = trainings};
  const auto entity_of = [&] { return json::parse(encode(run, "{}", "http://h"))["entity"]; };
  EXPECT_FALSE(entity_of()["experiment_run_status"].contains("best_results"));
  run.metrics = metrics;
  const json shown = entity_of();
  const json best = shown["experiment_run_status"]["best_results"];
  const std::string url =
      "http://h/v3/ml_assets/training_definitions/6f7705bb-85ee-496b-984c-14b5d6bc756e";
  const json second{{"training_guid", "training-8aBbiKCkg"},
                    {"training_reference_name", "model-2"},
                    {"training_url", url}};
  EXPECT_EQ(best["experiment_best_model"], second);
  ASSERT_EQ(best["training_reference_best_model"].size(), 2u);
  EXPECT_EQ(best["training_reference_best_model"][0]["training_guid"], "training-5H2xmKCzR");
  EXPECT_EQ(best["training_reference_best_model"][1], second);
  EXPECT_EQ(shown["training_statuses"][0]["metrics"].dump(),
            R"([{"iteration":9,"phase":"test","timestamp":"t",)"
            R"("values":[{"name":"acc","value":0.8125}]}])");
  EXPECT_EQ(shown["training_statuses"][2]["metrics"], json::array());
  trainings[2].status.state = model::RunState::Running;
  EXPECT_FALSE(entity_of()["experiment_run_status"].contains("best_results"));
}

TEST(WireExperimentRun, TheStateIsWhatItsTrainingsComeTo) {
  using enum model::RunState;
  const auto of = [](const std::vector<model::RunState>& states) {
    std::vector<model::TrainingRun> runs(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) runs[i].status.state = states[i];
    return state_of(runs);
  };
  EXPECT_EQ(of({Pending, Pending}), Pending);
  EXPECT_EQ(of({Pending, Completed}), Running);
  EXPECT_EQ(of({Running, Error}), Running);
  EXPECT_EQ(of({Completed, Error, Canceled}), Error);
  EXPECT_EQ(of({Completed, Canceled}), Canceled);
  EXPECT_EQ(of({Completed, Completed}), Completed);
}

TEST(WireExperimentRun, AFrameNamesTheTraining) {
  const ExperimentFrame frame{.run = "training-5H2xmKCzR",
                              .name = "model-1",
                              .state = model::RunState::Running,
                              .message = "epoch 1\n",
                              .offset = 7,
                              .next_offset = 15};
  const auto text = encode(frame);
  EXPECT_EQ(json::parse(text), json::parse(R"({"entity":{"training_statuses":[
    {"training_guid":"training-5H2xmKCzR","training_reference_name":"model-1","state":"running",
     "message":"epoch 1\n","offset":7,"next_offset":15,"metrics":[]}]}})"));
  EXPECT_EQ(decode_experiment_frame(text).message, "epoch 1\n");
  EXPECT_EQ(decode_experiment_frame(text).offset, 7u);
  EXPECT_EQ(decode_experiment_frame(text).next_offset, 15u);
}

}  // namespace
}  // namespace trainyard::wire
