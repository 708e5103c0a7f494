// `bx ml` of training definitions, experiments and their runs against the texts of wml-v3 (f).
#include <gmock/gmock.h>

#include "cli/cli_testing.hpp"

namespace trainyard::cli {
namespace {

using client::FakeHttp;
using testing::HasSubstr;

constexpr const char* kDefinitionId = "e73b7b9d-d44b-481a-80a9-8e8b13eb63a3";
constexpr const char* kExperimentId = "c2e94a92-cefe-45b7-bc99-56420abcaa1a";
constexpr const char* kRunId = "6d46291f-2266-4c4c-bb74-6de79f9b9b18";

constexpr const char* kDefinition =
    R"({"metadata":{"guid":"e73b7b9d-d44b-481a-80a9-8e8b13eb63a3",)"
    R"("url":"http://s/v3/ml_assets/training_definitions/e73b7b9d-d44b-481a-80a9-8e8b13eb63a3",)"
    R"("created_at":"2018-01-30T16:16:33.295Z"},"entity":{"name":"tf-definition",)"
    R"("framework":{"name":"tensorflow","version":"1.5"},"training_definition_version":)"
    R"({"guid":"354950bb-a5e0-4e5b-8c39-f5439078a705","url":"http://s/v","content_url":)"
    R"("http://s/content","content_status":{"state":"no_content"}}}})";
constexpr const char* kExperiment =
    R"({"metadata":{"guid":"c2e94a92-cefe-45b7-bc99-56420abcaa1a",)"
    R"("url":"http://s/v3/experiments/c2e94a92-cefe-45b7-bc99-56420abcaa1a",)"
    R"("created_at":"2018-01-30T16:18:17.265Z","modified_at":"2018-01-30T16:18:17.265Z"},)"
    R"("entity":{"settings":{"name":"tf-experiment"},"training_references":[{}]}})";
constexpr const char* kRun =
    R"({"metadata":{"guid":"6d46291f-2266-4c4c-bb74-6de79f9b9b18",)"
    R"("url":"/v3/experiments/c2e94a92-cefe-45b7-bc99-56420abcaa1a/runs/)"
    R"(6d46291f-2266-4c4c-bb74-6de79f9b9b18","created_at":"2018-02-01T09:14:09Z",)"
    R"("modified_at":"2018-02-01T09:14:09Z"},"experiment":)"
    R"({"guid":"c2e94a92-cefe-45b7-bc99-56420abcaa1a","url":"/v3/experiments/x",)"
    R"("evaluation_definition":{}},"entity":{"experiment_run_status":{"state":"completed"},)"
    R"("training_statuses":[{"training_guid":"training-5H2xmKCzR","training_reference_name":)"
    R"("model-1","state":"completed","submitted_at":"2018-02-01T09:14:14Z"},)"
    R"({"training_guid":"training-8aBbiKCkg","training_reference_name":"model-2",)"
    R"("state":"canceled","submitted_at":"2018-02-01T09:14:19Z"}]}})";

constexpr const char* kDefinitionManifest = R"(name: tf-definition
framework: {name: tensorflow, version: 1.10}
execution:
  command: python3 main.py
  compute_configuration: {name: small}
training_data_reference:
- connection: {endpoint_url: "http://s", access_key_id: AKIA, secret_access_key: SK}
  source: {bucket: in, type: s3}
)";
constexpr const char* kExperimentManifest = R"(settings: {name: tf-experiment}
training_references:
- name: model-1
  training_definition_url: http://s/v3/ml_assets/training_definitions/d
  compute_configuration: {name: small, nodes: 1}
training_results_reference:
  connection: {endpoint_url: "http://s", access_key_id: AKIA, secret_access_key: SK}
  target: {bucket: out}
  type: s3
)";

std::string page_of(const std::string& row) { return R"({"resources":[)" + row + "]}"; }

class BxStored : public CliTest {
 protected:
  const std::string experiment_ = std::string("/v3/experiments/") + kExperimentId;
  const std::string run_ = experiment_ + "/runs/" + kRunId;
};

TEST_F(BxStored, StoreOfATrainingDefinition) {
  http.on("POST /v3/ml_assets/training_definitions", 201, kDefinition);
  http.on("PUT /content", 200, R"({"ok":"true"})");
  const auto zip = write("model.zip", tiny_zip("main.py", "print(1)\n"));
  const auto done =
      bx({"ml", "store", "training-definitions", zip, write("d.yml", kDefinitionManifest)});
  EXPECT_EQ(done.out,
            "Creating training-definition ...\n"
            "OK\n"
            "training-definition ID is 'e73b7b9d-d44b-481a-80a9-8e8b13eb63a3' and version ID is "
            "'354950bb-a5e0-4e5b-8c39-f5439078a705'\n");
  EXPECT_EQ(done.err, "");
  const auto& sent = http.requests.at(http.requests.size() - 2).body;
  EXPECT_THAT(sent, HasSubstr(R"("version":"1.10")"));
  EXPECT_THAT(sent, HasSubstr(R"("command":"python3 main.py")"));
  EXPECT_THAT(sent, HasSubstr(R"("secret_access_key":"SK")"));
}

TEST_F(BxStored, ADefinitionWhoseZipIsRefusedIsTakenBack) {
  http.on("POST /v3/ml_assets/training_definitions", 201, kDefinition);
  http.on("PUT /content", 400, FakeHttp::error_body("no zip"));
  http.on(std::string("DELETE /v3/ml_assets/training_definitions/") + kDefinitionId, 204, "");
  const auto zip = write("model.zip", tiny_zip("main.py", "print(1)\n"));
  const auto done =
      bx({"ml", "store", "training-definitions", zip, write("d.yml", kDefinitionManifest)});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_EQ(done.err, "FAILED\nno zip\n");
  EXPECT_EQ(http.requests.back().line,
            std::string("DELETE /v3/ml_assets/training_definitions/") + kDefinitionId);
}

TEST_F(BxStored, StoreOfAnExperiment) {
  http.on("POST /v3/experiments", 201, kExperiment);
  const auto done = bx({"ml", "store", "experiments", write("e.yml", kExperimentManifest)});
  EXPECT_EQ(done.out,
            "Creating experiment ...\n"
            "OK\n"
            "Experiment created with ID 'c2e94a92-cefe-45b7-bc99-56420abcaa1a'\n");
  EXPECT_THAT(http.requests.back().body, HasSubstr(R"("nodes":1)"));
}

TEST_F(BxStored, ABadManifestSaysWhereAndSendsNothing) {
  std::string text = kExperimentManifest;
  text.replace(text.find("small"), 5, "smal");
  const auto path = write("e.yml", text);
  const auto done = bx({"ml", "store", "experiments", path});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_THAT(done.err, testing::StartsWith("FAILED\n" + path + ":5:"));
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(BxStored, ListOfTrainingDefinitions) {
  http.on("GET /v3/ml_assets/training_definitions?limit=1000", 200, page_of(kDefinition));
  EXPECT_EQ(bx({"ml", "list", "training-definitions"}).out,
            "Fetching the list of training-definitions ...\n"
            "SI No   Name            guid                                   framework    "
            "created-at\n"
            "1       tf-definition   e73b7b9d-d44b-481a-80a9-8e8b13eb63a3   tensorflow   "
            "2018-01-30T16:16:33.295Z\n"
            "\n"
            "1 records found.\n"
            "OK\n"
            "List all training-definitions successful\n");
}

TEST_F(BxStored, ListOfExperiments) {
  http.on("GET /v3/experiments", 200, page_of(kExperiment));
  EXPECT_EQ(bx({"ml", "list", "experiments"}).out,
            "Fetching the list of experiments ...\n"
            "SI No   Name            guid                                   created-at\n"
            "1       tf-experiment   c2e94a92-cefe-45b7-bc99-56420abcaa1a   "
            "2018-01-30T16:18:17.265Z\n"
            "\n"
            "1 records found.\n"
            "OK\n"
            "List all experiments successful\n");
}

TEST_F(BxStored, ListOfExperimentRuns) {
  http.on("GET " + experiment_ + "/runs", 200, page_of(kRun));
  EXPECT_EQ(bx({"ml", "list", "experiment-runs", kExperimentId}).out,
            "Fetching the list of experiment-runs ...\n"
            "SI No   guid                                   state       created-at\n"
            "1       6d46291f-2266-4c4c-bb74-6de79f9b9b18   completed   2018-02-01T09:14:09Z\n"
            "\n"
            "1 records found.\n"
            "OK\n"
            "List all experiment-runs successful\n");
}

TEST_F(BxStored, ListOfTheTrainingRunsOfAnExperimentRun) {
  http.on("GET " + run_, 200, kRun);
  EXPECT_EQ(bx({"ml", "list", "training-runs", kExperimentId, kRunId}).out,
            "Fetching the list of training-runs in experiment-run with ID "
            "'6d46291f-2266-4c4c-bb74-6de79f9b9b18' ...\n"
            "SI No   Name      guid                 state       submitted_at\n"
            "1       model-1   training-5H2xmKCzR   completed   2018-02-01T09:14:14Z\n"
            "2       model-2   training-8aBbiKCkg   canceled    2018-02-01T09:14:19Z\n"
            "OK\n"
            "List training-runs successful\n");
}

TEST_F(BxStored, ShowOfATrainingDefinition) {
  http.on(std::string("GET /v3/ml_assets/training_definitions/") + kDefinitionId, 200, kDefinition);
  EXPECT_EQ(bx({"ml", "show", "training-definitions", kDefinitionId}).out,
            "Fetching the training-definition details with ID "
            "'e73b7b9d-d44b-481a-80a9-8e8b13eb63a3' ...\n"
            "TrainingDefinitiontId   e73b7b9d-d44b-481a-80a9-8e8b13eb63a3\n"
            "name                    tf-definition\n"
            "framework               tensorflow\n"
            "url                     http://s/v3/ml_assets/training_definitions/"
            "e73b7b9d-d44b-481a-80a9-8e8b13eb63a3\n"
            "created_at              2018-01-30T16:16:33.295Z\n"
            "OK\n");
}

TEST_F(BxStored, ShowOfAnExperiment) {
  http.on("GET " + experiment_, 200, kExperiment);
  EXPECT_EQ(bx({"ml", "show", "experiments", kExperimentId}).out,
            "Fetching the experiment details with ID 'c2e94a92-cefe-45b7-bc99-56420abcaa1a' ...\n"
            "ExperimentId   c2e94a92-cefe-45b7-bc99-56420abcaa1a\n"
            "name           tf-experiment\n"
            "url            http://s/v3/experiments/c2e94a92-cefe-45b7-bc99-56420abcaa1a\n"
            "created_at     2018-01-30T16:18:17.265Z\n"
            "OK\n");
}

TEST_F(BxStored, RunOfAnExperimentIsAskedForAgainUnderOneKey) {
  const std::string call = "POST " + experiment_ + "/runs";
  http.on(call, 503, FakeHttp::error_body("busy"));
  http.on(call, 200, kRun);
  EXPECT_EQ(bx({"ml", "experiments", "run", kExperimentId}).out,
            "Starting to run the experiment with ID 'c2e94a92-cefe-45b7-bc99-56420abcaa1a' ...\n"
            "OK\n"
            "Experiment-run created with ID '6d46291f-2266-4c4c-bb74-6de79f9b9b18'\n");
  const auto& first = http.requests.at(http.requests.size() - 2).headers;
  EXPECT_EQ(first.get("Idempotency-Key"), http.requests.back().headers.get("Idempotency-Key"));
  EXPECT_EQ(bx({"ml", "experiments", "start", "x"}).code, kBadInput);
}

TEST_F(BxStored, CancelAndDelete) {
  http.on("PATCH " + run_, 204, "");
  http.on("DELETE " + run_, 204, "");
  http.on("DELETE " + experiment_, 204, "");
  http.on(std::string("DELETE /v3/ml_assets/training_definitions/") + kDefinitionId, 204, "");
  EXPECT_THAT(bx({"ml", "cancel", "experiment-runs", kExperimentId, kRunId}).out,
              HasSubstr("OK\nCancel experiment-run successful\n"));
  EXPECT_EQ(bx({"ml", "delete", "experiment-runs", kExperimentId, kRunId}).out,
            "Deleting the experiment-run '6d46291f-2266-4c4c-bb74-6de79f9b9b18' ...\n"
            "OK\n"
            "Delete experiment-run successful\n");
  EXPECT_EQ(bx({"ml", "delete", "experiments", kExperimentId}).out,
            "Deleting the experiment 'c2e94a92-cefe-45b7-bc99-56420abcaa1a' ...\n"
            "OK\n"
            "Delete experiment successful\n");
  EXPECT_EQ(bx({"ml", "delete", "training-definitions", kDefinitionId}).out,
            "Deleting the training-definition 'e73b7b9d-d44b-481a-80a9-8e8b13eb63a3' ...\n"
            "OK\n"
            "Delete training-definition successful\n");
}

TEST_F(BxStored, MonitorOfAnExperimentFollowsEachTraining) {
  http.on("GET " + run_, 200, kRun);
  for (const char* id : {"training-5H2xmKCzR", "training-8aBbiKCkg"}) {
    const std::string path = std::string("GET /v3/models/") + id;
    http.on(path, 200, run_json("completed"));
    http.on(path + "/logs/training-log.txt?offset=0&follow=true", 200, std::string(id) + "\n");
  }
  EXPECT_EQ(bx({"ml", "monitor", "experiments", kExperimentId, kRunId, "logs"}).out,
            "Starting to fetch status messages and metrics for experiment id "
            "'c2e94a92-cefe-45b7-bc99-56420abcaa1a' and experiment-run id "
            "'6d46291f-2266-4c4c-bb74-6de79f9b9b18'\n"
            "[--LOGS]      training-5H2xmKCzR\n"
            "Status: COMPLETED\n"
            "[--LOGS]      training-8aBbiKCkg\n"
            "Status: COMPLETED\n");
}

TEST_F(BxStored, TooFewWordsShowTheUsage) {
  EXPECT_THAT(bx({"ml", "list", "experiment-runs"}).err,
              HasSubstr("this is `bx ml list experiment-runs EXPERIMENT-ID`"));
  EXPECT_EQ(bx({"ml", "show", "experiments"}).code, kBadInput);
  EXPECT_EQ(bx({"ml", "delete", "experiment-runs", kExperimentId}).code, kBadInput);
  EXPECT_EQ(bx({"ml", "store", "experiments", "a", "b"}).code, kBadInput);
  EXPECT_EQ(bx({"ml", "monitor", "experiments", kExperimentId}).code, kBadInput);
  EXPECT_EQ(bx({"ml", "list", "training-runs", kExperimentId}).code, kBadInput);
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(BxStored, TrainyardStartsAnExperimentAndWatchesIt) {
  http.on("POST " + experiment_ + "/runs", 200, kRun);
  std::string running = kRun;
  running.replace(running.find("completed"), 9, "running");
  http.on("GET " + run_, 200, running);
  http.on("GET " + run_, 200, kRun);
  const auto done = trainyard({"experiment", "run", kExperimentId, "--watch"});
  EXPECT_EQ(done.code, kOk);
  EXPECT_THAT(done.out, testing::StartsWith(std::string(kRunId) + "\n"));
  EXPECT_THAT(done.out, HasSubstr("training-8aBbiKCkg   model-2   canceled"));
  EXPECT_EQ(done.err, "running: 2 of 2 ended\ncompleted: 2 of 2 ended\n");
}

TEST_F(BxStored, TrainyardListsAndStores) {
  http.on("GET /v3/experiments", 200, page_of(kExperiment));
  EXPECT_THAT(trainyard({"experiment", "list"}).out, HasSubstr("tf-experiment   1"));
  http.on("GET " + experiment_ + "/runs", 200, page_of(kRun));
  EXPECT_THAT(trainyard({"experiment", "runs", kExperimentId}).out,
              HasSubstr("completed   2 of 2 ended"));
  http.on("POST /v3/experiments", 201, kExperiment);
  EXPECT_EQ(trainyard({"experiment", "store", write("e.yml", kExperimentManifest)}).out,
            std::string(kExperimentId) + "\n");
  http.on("GET /v3/ml_assets/training_definitions?limit=1000", 200, page_of(kDefinition));
  EXPECT_THAT(trainyard({"definition", "list"}).out, HasSubstr("tf-definition   tensorflow 1.5"));
  EXPECT_EQ(trainyard({"experiment", "strt"}).code, kBadInput);
}

TEST_F(BxStored, SamplesOfManifestsAreWritten) {
  for (const char* kind : {"training-definitions", "experiments"}) {
    EXPECT_EQ(bx({"ml", "generate-manifest", kind}).code, kOk);
    EXPECT_TRUE(fs::exists(dir.path() / (std::string(kind) + ".yml")));
  }
  EXPECT_EQ(bx({"ml", "generate-manifest", "libraries"}).code, kBadInput);
}

}  // namespace
}  // namespace trainyard::cli
