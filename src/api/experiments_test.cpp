#include <fmt/format.h>
#include <gmock/gmock.h>

#include "api/api_fixture.hpp"
#include "http/websocket_client.hpp"
#include "wire/experiment.hpp"
#include "wire/experiment_run.hpp"

namespace trainyard::api {
namespace {

using model::RunState;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ExperimentsTest : public ApiTest {
 protected:
  json request(int references = 2) {
    json body = experiment_request("");
    body["training_references"].clear();
    for (int i = 0; i < references; ++i) {
      body["training_references"].push_back({{"name", "model-" + std::to_string(i + 1)},
                                             {"training_definition_url", definition()},
                                             {"compute_configuration", {{"name", "small"}}}});
    }
    return body;
  }

  std::string stored(const json& body) {
    const auto answer = send("POST", "/v3/experiments", body.dump());
    EXPECT_EQ(answer.status, 201) << answer.body;
    const auto view = wire::decode_experiment(answer.body);
    EXPECT_EQ(answer.headers.get("Location"), view.url);
    EXPECT_EQ(view.url, url_ + "/v3/experiments/" + view.id);
    return "/v3/experiments/" + view.id;
  }

  wire::ExperimentRunView started(const std::string& experiment) {
    const auto answer = send("POST", experiment + "/runs");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return wire::decode_experiment_run(answer.body);
  }

  model::RunId first_training(const wire::ExperimentRunView& run) {
    return model::RunId::parse(run.trainings.at(0).run).value();
  }

  const std::string cancel_ = R"([{"op":"replace","path":"/status/state","value":"canceled"}])";
};

TEST_F(ExperimentsTest, AReferenceMayNameAVersion) {
  json body = request(2);
  const std::string url = body["training_references"][0]["training_definition_url"];
  const auto first = wire::decode_definition(send("GET", url).body);
  const auto second = wire::decode_definition(
      send("POST", url, R"({"name":"d","framework":{"name":"python","version":"system"},
                            "command":"two"})")
          .body);
  EXPECT_EQ(send("PUT", second.content_url, zip('b')).status, 200);
  body["training_references"][0]["training_definition_url"] = url + "/versions/" + first.version_id;
  body["training_references"][1]["training_definition_url"] = url;
  const auto run = started(stored(body));
  const auto definition_of = [&](std::size_t training) {
    const auto answer = send("GET", "/v3/models/" + run.trainings.at(training).run);
    return json::parse(answer.body)["entity"]["model_definition"];
  };
  EXPECT_EQ(definition_of(0)["definition_version"], first.version_id);
  EXPECT_EQ(definition_of(0)["execution"]["command"], "true");
  EXPECT_EQ(definition_of(1)["definition_version"], second.version_id);
  EXPECT_EQ(definition_of(1)["execution"]["command"], "two");
}

TEST_F(ExperimentsTest, AnExperimentIsKeptShownAndChanged) {
  const json body = request();
  const auto experiment = stored(body);
  const auto read = send("GET", experiment);
  EXPECT_EQ(read.status, 200);
  EXPECT_THAT(read.body, Not(HasSubstr("hush")));
  EXPECT_EQ(json::parse(read.body)["entity"]["training_references"], body["training_references"]);
  clock_.advance(std::chrono::seconds(1));
  const auto changed =
      send("PATCH", experiment, R"([{"op":"replace","path":"/settings/name","value":"new"}])");
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto metadata = json::parse(changed.body)["metadata"];
  EXPECT_LT(metadata["created_at"], metadata["modified_at"]);
  EXPECT_EQ(wire::decode_experiment(send("GET", experiment).body).name, "new");
  EXPECT_EQ(send("PATCH", experiment, R"({"op":"remove","path":"/settings"})").status, 400);
  EXPECT_EQ(send("DELETE", experiment).status, 204);
  for (const char* method : {"GET", "DELETE"}) EXPECT_EQ(send(method, experiment).status, 404);
}

TEST_F(ExperimentsTest, NobodySendsTheOwnersKeysElsewhere) {
  const auto experiment = stored(request(1));
  const auto patch = [&](const std::string& operations) {
    return send("PATCH", experiment, operations);
  };
  const std::string hers =
      R"({"op":"replace","path":"/training_data_reference/connection/endpoint_url","value":"http://hers"})";
  const auto refused = patch(hers);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("training_data_reference.connection"));
  EXPECT_EQ(send("GET", experiment).body.find("http://hers"), std::string::npos);
  const std::string key =
      R"({"op":"replace","path":"/training_data_reference/connection/secret_access_key","value":)";
  EXPECT_EQ(patch("[" + hers + "," + key + R"("***"}])").status, 400);
  EXPECT_EQ(patch("[" + hers + "," + key + R"("hers"}])").status, 200);
  const auto run = runs_.find(first_training(started(experiment)));
  const auto& connection = std::get<model::S3Connection>(run->manifest.training_data.connection);
  EXPECT_EQ(connection.endpoint_url, "http://hers");
  EXPECT_EQ(connection.secret_access_key.reveal(), "hers");
}

TEST_F(ExperimentsTest, ARequestOfARunIsRefusedWithAMaskForAKey) {
  std::string body = run_request(definition());
  body.replace(body.find("hush"), 4, "***");
  const auto refused = send("POST", "/v3/models", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("which answers show in its place"));
}

TEST_F(ExperimentsTest, AnEvaluationThatCannotBeUsedIsRefusedBeforeAnythingStarts) {
  json body = request();
  body["settings"]["evaluation_definition"] = "text";
  const auto refused = send("POST", "/v3/experiments", body.dump());
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("settings.evaluation_definition"));
  body["settings"]["evaluation_definition"] = {{"metrics", {"accuracy"}}};
  const auto experiment = stored(body);
  EXPECT_EQ(send("PATCH", experiment,
                 R"({"op":"add","path":"/settings/evaluation_definition/metrics","value":"x"})")
                .status,
            400);
  const auto run = started(experiment);
  EXPECT_EQ(send("GET", run.url).status, 200);
}

// Stored when nobody looked at it.
TEST_F(ExperimentsTest, AnOlderEvaluationThatCannotBeUsedHidesNoRun) {
  for (const json& evaluation : {json("text"), json({{"metrics", {{{"name", 5}}}}})}) {
    json body = request(1);
    const auto path = stored(body);
    auto experiment =
        stored_.experiments->find(path.substr(std::string("/v3/experiments/").size()));
    ASSERT_TRUE(experiment);
    body["settings"]["evaluation_definition"] = evaluation;
    experiment->entity = Secret(body.dump());
    stored_.experiments->update(*experiment, experiment->modified_at);
    const auto run = started(path);
    scheduler_->tick();
    report(first_training(run), {model::Finished{1, RunState::Completed, {}}});
    const auto shown = send("GET", run.url);
    EXPECT_EQ(shown.status, 200);
    EXPECT_EQ(wire::decode_experiment_run(shown.body).state, RunState::Completed);
    EXPECT_EQ(send("GET", path + "/runs").status, 200);
  }
}

TEST_F(ExperimentsTest, ExperimentsAreListedByIdInPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(stored(request(1)).substr(16));
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> seen;
  std::string next = "/v3/experiments?limit=2";
  while (!next.empty()) {
    const auto page = wire::decode_experiment_list(send("GET", next).body);
    for (const auto& experiment : page.experiments) seen.push_back(experiment.id);
    next = page.next_url;
  }
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(send("GET", "/v3/experiments?limit=1001").status, 400);
}

TEST_F(ExperimentsTest, ARunOfItQueuesATrainingForEachReference) {
  const auto experiment = stored(request(3));
  const auto run = started(experiment);
  EXPECT_EQ(run.url, experiment + "/runs/" + run.id);
  EXPECT_EQ(run.state, RunState::Pending);
  ASSERT_EQ(run.trainings.size(), 3u);
  EXPECT_EQ(run.trainings[2].name, "model-3");
  const auto training = runs_.find(first_training(run));
  ASSERT_TRUE(training);
  EXPECT_EQ(training->owner, "ann");
  EXPECT_EQ(training->manifest.name, "model-1");
  EXPECT_EQ(training->manifest.command, "true") << "out of the definition";
  EXPECT_EQ(training->manifest.training_data.bucket, "data");
  const auto list = wire::decode_experiment_run_list(send("GET", experiment + "/runs").body);
  ASSERT_EQ(list.runs.size(), 1u);
  EXPECT_EQ(list.runs[0].id, run.id);
  EXPECT_EQ(send("GET", run.url).status, 200);
  EXPECT_EQ(send("GET", experiment + "/runs/none").status, 404);
  const auto other = stored(request(1));
  EXPECT_EQ(send("GET", other + "/runs/" + run.id).status, 404);
}

TEST_F(ExperimentsTest, ARepeatedStartWithAKeyStartsNothingMore) {
  const auto experiment = stored(request());
  std::string ids[2];
  for (auto& id : ids) {
    http::ClientRequest again;
    again.method = "POST";
    again.url = url_ + experiment + "/runs";
    again.headers.add("Authorization", token_);
    again.headers.add("Idempotency-Key", "k1");
    id = wire::decode_experiment_run(client_->send(again).body).id;
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(wire::decode_run_list(send("GET", "/v3/models").body).runs.size(), 2u);
}

TEST_F(ExperimentsTest, AKeyIsForOneExperimentAndIsLookedUpBeforeAnythingIsChecked) {
  const json body = request(1);
  const auto experiment = stored(body);
  const http::Headers key{{"Idempotency-Key", "k1"}};
  const auto start = [&](const std::string& which) {
    return send("POST", which + "/runs", "", token_, key);
  };
  const auto first = start(experiment);
  EXPECT_EQ(first.status, 200);
  const auto other = start(stored(request(1)));
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(other.body, HasSubstr("take another key"));
  const std::string definition_url = body["training_references"][0]["training_definition_url"];
  EXPECT_EQ(send("DELETE", definition_url).status, 204);
  EXPECT_EQ(wire::decode_experiment_run(start(experiment).body).id,
            wire::decode_experiment_run(first.body).id);
}

TEST_F(ExperimentsTest, AReferenceThatCannotRunStartsNoneAndIsNamed) {
  json body = request();
  body["training_references"][1]["training_definition_url"] = "http://h/none";
  const auto experiment = stored(body);
  const auto answer = send("POST", experiment + "/runs");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("training_references[1] (model-2): "));
  EXPECT_THAT(answer.body, HasSubstr("names no training definition"));
  EXPECT_TRUE(wire::decode_run_list(send("GET", "/v3/models").body).runs.empty());
}

TEST_F(ExperimentsTest, TheDataMayBeSaidByTheDefinition) {
  json body = request(1);
  body.erase("training_data_reference");
  const auto none = send("POST", stored(body) + "/runs");
  EXPECT_EQ(none.status, 400);
  EXPECT_THAT(none.body, HasSubstr("training_data_reference"));
  const auto url =
      definition(R"(,"training_data_reference":[)" + store_reference("source", "own").dump() + "]");
  EXPECT_THAT(send("GET", url).body, Not(HasSubstr("hush")));
  body["training_references"][0]["training_definition_url"] = url;
  const auto run = started(stored(body));
  const auto manifest = runs_.find(first_training(run))->manifest;
  EXPECT_EQ(manifest.training_data.bucket, "own");
  EXPECT_EQ(
      std::get<model::S3Connection>(manifest.training_data.connection).secret_access_key.reveal(),
      "hush");
}

TEST_F(ExperimentsTest, CancelEndsAllThatIsLeft) {
  const auto run = started(stored(request()));
  EXPECT_EQ(send("PATCH", run.url, R"({"op":"remove"})").status, 400);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send("PATCH", run.url, cancel_).status, 204);
  const auto after = wire::decode_experiment_run(send("GET", run.url).body);
  EXPECT_EQ(after.state, RunState::Canceled);
  EXPECT_TRUE(after.trainings[1].finished_at);
}

TEST_F(ExperimentsTest, DeleteTakesTheTrainingsAlong) {
  const auto experiment = stored(request());
  const auto run = started(experiment);
  EXPECT_EQ(send("DELETE", run.url).status, 204);
  EXPECT_EQ(send("GET", run.url).status, 404);
  EXPECT_EQ(send("GET", "/v3/models/" + run.trainings[0].run).status, 404);
  const auto second = started(experiment);
  EXPECT_EQ(send("DELETE", experiment).status, 204);
  EXPECT_EQ(send("GET", "/v3/models/" + second.trainings[1].run).status, 404);
}

TEST_F(ExperimentsTest, ALiveTrainingGoesOnceItHasEnded) {
  const auto run = started(stored(request(1)));
  const auto training = first_training(run);
  scheduler_->tick();
  EXPECT_EQ(send("DELETE", run.url).status, 204);
  EXPECT_EQ(send("GET", run.url).status, 404);
  EXPECT_TRUE(status(training).cancel_requested);
}

TEST_F(ExperimentsTest, TheMonitorTellsOfEachTrainingUnderItsName) {
  const auto run = started(stored(request()));
  http::Headers headers;
  headers.add("Authorization", token_);
  const auto monitor = http::connect_websocket(
      url_ + run.url + "/monitor", {.headers = headers, .timeout = Milliseconds(60'000)});
  EXPECT_EQ(send("PATCH", run.url, cancel_).status, 204);
  std::map<std::string, std::string> told;
  while (const auto text = monitor->next(Milliseconds(60'000))) {
    const auto frame = wire::decode_experiment_frame(*text);
    told[frame.name] += frame.message;
  }
  EXPECT_EQ(monitor->close_code(), 1000);
  EXPECT_EQ(told.size(), 2u);
  EXPECT_THAT(told["model-1"], HasSubstr("Status: CANCELED\n"));
  EXPECT_THAT(told["model-2"], HasSubstr("Status: CANCELED\n"));
  EXPECT_EQ(send("GET", run.url + "/monitor").status, 400);
}

TEST_F(ExperimentsTest, RunsAreListedAThousandToAPage) {
  const auto experiment = stored(request(1));
  for (int i = 0; i < 3; ++i) started(experiment);
  const auto list = [&](const std::string& query) {
    return send("GET", experiment + "/runs" + query);
  };
  EXPECT_EQ(wire::decode_experiment_run_list(list("?limit=1000").body).runs.size(), 3u);
  EXPECT_EQ(wire::decode_experiment_run_list(list("?limit=2").body).runs.size(), 2u);
  EXPECT_EQ(list("?limit=1001").status, 400);
  EXPECT_EQ(list("?limit=0").status, 400);
}

TEST_F(ExperimentsTest, NoFrameOfTheMonitorIsLongerThanClientsTake) {
  json body = request(1);
  const std::string name(1000, '\1');  // each of them is escaped to six
  body["training_references"][0]["name"] = name;
  const auto run = started(stored(body));
  const auto training = first_training(run);
  logs_->append(training, logstore::Stream::Training, 0, std::string(20'000, '\1'));
  std::string values = R"("a":1)";
  for (int i = 0; i < 1500; ++i) values += fmt::format(R"(,"{}":1)", i);
  logs_->append(training, logstore::Stream::Metrics, 0,
                fmt::format("{{\"values\":{{{}}}}}\n", values));
  EXPECT_EQ(send("PATCH", run.url, cancel_).status, 204);
  const auto monitor = http::connect_websocket(
      url_ + run.url + "/monitor",
      {.headers = {{"Authorization", token_}}, .timeout = Milliseconds(60'000)});
  std::size_t shown = 0, values_shown = 0;
  while (const auto text = monitor->next(Milliseconds(60'000))) {
    EXPECT_LT(text->size(), 32u << 10);
    const auto frame = wire::decode_experiment_frame(*text);
    EXPECT_EQ(frame.name, name);
    if (frame.message.starts_with('\1')) shown += frame.message.size();
    for (const auto& metric : frame.metrics) values_shown += metric.values.size();
  }
  EXPECT_EQ(shown, 20'000u);
  EXPECT_EQ(values_shown, 1501u);
}

}  // namespace
}  // namespace trainyard::api
