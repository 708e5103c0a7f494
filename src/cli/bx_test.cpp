// `bx ml …` against the texts of T17–T23 and wml-v3 (f), byte for byte.
#include <gmock/gmock.h>

#include "cli/cli_testing.hpp"
#include "cli/manifest_testing.hpp"

namespace trainyard::cli {
namespace {

using client::FakeHttp;
using testing::HasSubstr;

class Bx : public CliTest {
 protected:
  void accept_training() {
    http.on("POST /v3/ml_assets/training_definitions", 201, kDefinition);
    http.on("PUT /content", 200, R"({"ok":"true"})");
    http.on("POST /v3/models", 202, run_json("pending"));
  }
  void list(const std::string& runs) {
    http.on("GET /v3/models?view=summary&limit=10000", 200, R"({"resources":[)" + runs + "]}");
  }
  static constexpr const char* kRow =
      R"({"id":"training-DOl4q2LkR","url":"/v3/models/training-DOl4q2LkR","name":"tf-mnist",)"
      R"("state":"pending","phase":"queued","framework":"tensorflow","version":"1.2-py3",)"
      R"("size":"small","gpus":1,"submitted_at":"2017-10-26T11:16:51.000Z"})";
};

TEST_F(Bx, TrainPrintsTheId) {  // T17
  accept_training();
  const auto zip = write("model.zip", tiny_zip("main.py", "print(1)\n"));
  const auto done = bx({"ml", "train", zip, write("job.yaml", kManifest)});
  EXPECT_EQ(done.out, "Starting to train ...\nOK\nModel-ID is 'training-DOl4q2LkR'\n");
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(done.code, kOk);
  EXPECT_THAT(http.requests.back().body, HasSubstr(R"("version":"1.10")"));
}

TEST_F(Bx, TrainWithABadManifestSaysAllThatIsWrongAndSendsNothing) {
  std::string text = kManifest;
  text.replace(text.find("small"), 5, "smal");
  text.replace(text.find("SK"), 2, "<secret>");
  const auto manifest = write("job.yaml", text);
  const auto done = bx({"ml", "train", "none.zip", manifest});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_EQ(done.out, "Starting to train ...\n");
  EXPECT_THAT(done.err, testing::StartsWith("FAILED\n" + manifest + ":4:"));
  EXPECT_THAT(done.err, HasSubstr("did you mean \"small\"?"));
  EXPECT_THAT(done.err, HasSubstr("a placeholder in angle brackets is left over"));
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(Bx, TrainWithNoZipSaysWhatTheFileIs) {
  const auto gzip = write("model.zip", std::string("\x1f\x8b\x08", 3) + "abc");
  const auto done = bx({"ml", "train", gzip, write("job.yaml", kManifest)});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_THAT(done.err, HasSubstr("gzip"));
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(Bx, TrainWarnsWhenTheProgramIsNotInTheZip) {
  accept_training();
  const auto zip = write("model.zip", tiny_zip("mian.py", "print(1)\n"));
  const auto done = bx({"ml", "train", zip, write("job.yaml", kManifest)});
  EXPECT_EQ(done.code, kOk);
  EXPECT_THAT(done.err, HasSubstr("main.py, which is not in the zip; did you mean mian.py?"));
}

TEST_F(Bx, TrainTellsWhatTheServiceRefuses) {
  http.on("POST /v3/ml_assets/training_definitions", 400,
          FakeHttp::error_body("there is no framework tensorflw"));
  const auto zip = write("model.zip", tiny_zip("main.py", "print(1)\n"));
  const auto done = bx({"ml", "train", zip, write("job.yaml", kManifest)});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_EQ(done.out, "Starting to train ...\n");
  EXPECT_EQ(done.err, "FAILED\nthere is no framework tensorflw\n");
}

TEST_F(Bx, ListOfTrainedModels) {  // T18
  list(kRow);
  const auto done = bx({"ml", "list", "trained-models"});
  EXPECT_EQ(done.out,
            "Fetching the list of trained models ...\n"
            "SI No   Name       guid                 status    submitted-at\n"
            "1       tf-mnist   training-DOl4q2LkR   pending   2017-10-26T11:16:51Z\n"
            "\n"
            "1 records found.\n"
            "OK\n"
            "List all trained-models successful\n");
  EXPECT_EQ(done.code, kOk);
}

TEST_F(Bx, WideCharactersKeepTheColumnsOfAList) {
  std::string korean = kRow, turned = kRow;
  korean.replace(korean.find("tf-mnist"), 8, "\ud559\uc2b5 \U0001f600");
  turned.replace(turned.find("tf-mnist"), 8, "a\u202eb");
  list(korean + "," + turned);
  EXPECT_THAT(bx({"ml", "list", "trained-models"}).out,
              HasSubstr("SI No   Name             guid                 status    submitted-at\n"
                        "1       \ud559\uc2b5 \U0001f600          training-DOl4q2LkR   pending   "
                        "2017-10-26T11:16:51Z\n"
                        "2       a\\xe2\\x80\\xaeb   training-DOl4q2LkR   pending   "
                        "2017-10-26T11:16:51Z\n"));
}

TEST_F(Bx, ListOfTrainingRunsHasFrameworkAndVersion) {
  list(kRow);
  EXPECT_EQ(
      bx({"ml", "list", "training-runs"}).out,
      "Fetching the list of training runs ...\n"
      "SI No   Name       guid                 status    framework    version   submitted-at\n"
      "1       tf-mnist   training-DOl4q2LkR   pending   tensorflow   1.2-py3   "
      "2017-10-26T11:16:51Z\n"
      "\n"
      "1 records found.\n"
      "OK\n"
      "List all training-runs successful\n");
}

TEST_F(Bx, AnEmptyListHasItsHead) {
  list("");
  EXPECT_EQ(bx({"ml", "list", "training-runs"}).out,
            "Fetching the list of training runs ...\n"
            "SI No   Name   guid   status   framework   version   submitted-at\n"
            "\n"
            "0 records found.\n"
            "OK\n"
            "List all training-runs successful\n");
}

TEST_F(Bx, ColumnsCountWhatATerminalShowsAndNotBytes) {
  std::string second = kRow;
  second.replace(second.find("tf-mnist"), 8, "Zürich 훈련");
  list(std::string(kRow) + "," + second);
  EXPECT_THAT(bx({"ml", "list", "trained-models"}).out,
              HasSubstr("1       tf-mnist      training-DOl4q2LkR   pending   2017"));
}

TEST_F(Bx, ShowOfATrainedModel) {  // T20
  http.on("GET /v3/models/training-DOl4q2LkR", 200, run_json("running"));
  EXPECT_EQ(bx({"ml", "show", "trained-models", "training-DOl4q2LkR"}).out,
            "Fetching the trained model details with MODEL-ID 'training-DOl4q2LkR' ...\n"
            "ModelId        training-DOl4q2LkR\n"
            "url            /v3/models/training-DOl4q2LkR\n"
            "Name           tf-mnist\n"
            "State          running\n"
            "Submitted_at   2017-10-26T11:10:37Z\n"
            "OK\n"
            "Show trained-models details successful\n");
}

TEST_F(Bx, ShowOfATrainingRun) {
  http.on("GET /v3/models/training-DOl4q2LkR", 200, run_json("completed"));
  EXPECT_EQ(bx({"ml", "show", "training-runs", "training-DOl4q2LkR"}).out,
            "Fetching the training run details with MODEL-ID 'training-DOl4q2LkR' ...\n"
            "ModelId                  training-DOl4q2LkR\n"
            "url                      /v3/models/training-DOl4q2LkR\n"
            "Name                     tf-mnist\n"
            "Training definition ID   6f7705bb-85ee-496b-984c-14b5d6bc756e\n"
            "Command                  python3 a.py   --x 1\n"
            "Source bucket            in\n"
            "Target bucket            out\n"
            "Framework name           tensorflow\n"
            "Framework version        1.10\n"
            "State                    completed\n"
            "Submitted_at             2017-10-26T11:10:37Z\n"
            "OK\n"
            "Show training-runs details successful\n");
}

TEST_F(Bx, AFailedRunStaysWithItsReason) {  // T21
  http.on("GET /v3/models/training-DOl4q2LkR", 200,
          run_json("error", R"(,"phase":"ended","verdict":{"code":"C201","kind":"exit_code",)"
                            R"("message":"the command ended with exit code 3","exit_code":3,)"
                            R"("last_lines":["Traceback","ValueError: no"]})"));
  EXPECT_EQ(bx({"ml", "show", "trained-models", "training-DOl4q2LkR"}).out,
            "Fetching the trained model details with MODEL-ID 'training-DOl4q2LkR' ...\n"
            "ModelId        training-DOl4q2LkR\n"
            "url            /v3/models/training-DOl4q2LkR\n"
            "Name           tf-mnist\n"
            "State          error\n"
            "Submitted_at   2017-10-26T11:10:37Z\n"
            "Reason         the command ended with exit code 3\n"
            "  | Traceback\n"
            "  | ValueError: no\n"
            "OK\n"
            "Show trained-models details successful\n");
}

TEST_F(Bx, ShowOfAnUnknownRunFails) {
  http.on("GET /v3/models/training-nothing00", 404,
          FakeHttp::error_body("there is no training run training-nothing00"));
  const auto done = bx({"ml", "show", "training-runs", "training-nothing00"});
  EXPECT_EQ(done.code, kNotFound);
  EXPECT_EQ(done.out, "Fetching the training run details with MODEL-ID 'training-nothing00' ...\n");
  EXPECT_EQ(done.err, "FAILED\nthere is no training run training-nothing00\n");
}

TEST_F(Bx, MonitorTellsStatesAndTheLog) {
  const std::string first = "Training with training/test data at:\n  DATA_DIR: /mnt";
  const std::string log = "GET /v3/models/r/logs/training-log.txt?offset=";
  http.on("GET /v3/models/r", 200, run_json("pending"));
  http.on("GET /v3/models/r", 200, run_json("running", R"(,"phase":"training")"));
  http.on("GET /v3/models/r", 200, run_json("completed"));
  http.on(log + "0&follow=true", FakeHttp::cut_after(first, 0));
  http.on(log + std::to_string(first.size()) + "&follow=true", 200, "/data\nunfinished");
  const auto done = bx({"ml", "monitor", "training-runs", "r"});
  EXPECT_EQ(done.out,
            "Starting to fetch status and metrics messages for model-id 'r'\n"
            "Status: PENDING\n"
            "Status: RUNNING\n"
            "[--LOGS]      Training with training/test data at:\n"
            "[--LOGS]        DATA_DIR: /mnt/data\n"
            "[--LOGS]      unfinished\n"
            "Status: COMPLETED\n");
  EXPECT_EQ(done.code, kOk);
}

TEST_F(Bx, MonitorOfOldHasNoPrefix) {
  http.on("GET /v3/models/r", 200, run_json("completed"));
  http.on("GET /v3/models/r/logs/training-log.txt?last=3&follow=true", 200, "a\nb\n");
  EXPECT_EQ(bx({"ml", "monitor", "trained-models", "r", "logs", "last", "3"}).out,
            "Starting to fetch status messages for model-id 'r'\na\nb\nStatus: COMPLETED\n");
}

TEST_F(Bx, MonitorOfMetricsReadsNoLog) {
  http.on("GET /v3/models/r", 200, run_json("running", R"(,"phase":"training")"));
  http.on("GET /v3/models/r", 200, run_json("canceled"));
  EXPECT_EQ(bx({"ml", "monitor", "training-runs", "r", "metrics"}).out,
            "Starting to fetch status and metrics messages for model-id 'r'\n"
            "Status: RUNNING\nStatus: CANCELED\n");
}

TEST_F(Bx, MonitorTellsEachMetricOnce) {
  const auto metric = [](int iteration, const std::string& accuracy) {
    return R"({"timestamp":"2017-10-26T11:10:37.000Z","iteration":)" + std::to_string(iteration) +
           R"(,"phase":"train","values":[{"name":"accuracy","value":)" + accuracy + "}]}";
  };
  const std::string training = R"(,"phase":"training")";
  http.on("GET /v3/models/r", 200, run_json("running", training));
  http.on("GET /v3/models/r", 200, run_json("running", training, "[" + metric(10, "0.5") + "]"));
  http.on("GET /v3/models/r", 200, run_json("running", training, "[" + metric(10, "0.5") + "]"));
  http.on("GET /v3/models/r", 200, run_json("completed", "", "[" + metric(20, "0.75") + "]"));
  EXPECT_EQ(bx({"ml", "monitor", "training-runs", "r", "metrics"}).out,
            "Starting to fetch status and metrics messages for model-id 'r'\n"
            "Status: RUNNING\n"
            "[--METRICS]   train iteration 10: accuracy 0.5\n"
            "[--METRICS]   train iteration 20: accuracy 0.75\n"
            "Status: COMPLETED\n");
}

TEST_F(Bx, MonitorRefusesOtherWords) {
  for (const std::vector<std::string>& rest : {std::vector<std::string>{"log"},
                                               {"logs", "last"},
                                               {"logs", "last", "x"},
                                               {"logs", "last", "1001"},
                                               {"metrics", "last", "3"}}) {
    std::vector<std::string> args = {"ml", "monitor", "training-runs", "r"};
    args.insert(args.end(), rest.begin(), rest.end());
    EXPECT_EQ(bx(args).code, kBadInput);
  }
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(Bx, Cancel) {
  http.on("PATCH /v3/models/training-aQk7F5Ukg", 204, "");
  EXPECT_EQ(bx({"ml", "cancel", "training-runs", "training-aQk7F5Ukg"}).out,
            "Canceling training for MODEL-ID 'training-aQk7F5Ukg'...\n"
            "OK\n"
            "Cancel training successful\n");
}

TEST_F(Bx, CancelOfAnEndedRunIsAConflict) {
  http.on("PATCH /v3/models/r", 409, FakeHttp::error_body("it has ended"));
  EXPECT_EQ(bx({"ml", "cancel", "training-runs", "r"}).code, kConflict);
}

TEST_F(Bx, Delete) {  // T23
  http.on("DELETE /v3/models/training-DOl4q2LkR", 204, "");
  EXPECT_EQ(bx({"ml", "delete", "trained-models", "training-DOl4q2LkR"}).out,
            "Deleting the trained model 'training-DOl4q2LkR' ...\n"
            "OK\n"
            "Delete trained-models successful\n");
  EXPECT_EQ(bx({"ml", "delete", "training-runs", "training-DOl4q2LkR"}).out,
            "Deleting the training run 'training-DOl4q2LkR' ...\n"
            "OK\n"
            "Delete training-runs successful\n");
}

TEST_F(Bx, ListOfFrameworks) {
  http.on("GET /v3/models/frameworks", 200,
          R"({"resources":[{"name":"tensorflow","version":"2.21","aliases":["latest"],)"
          R"("kind":"environment","usable":true},{"name":"torch","version":"7","aliases":[],)"
          R"("kind":"image","usable":false,"why_not":"neither podman nor docker is installed"}]})");
  EXPECT_EQ(bx({"ml", "list", "frameworks"}).out,
            "Fetching the list of frameworks ...\n"
            "SI No   Name         Version   Usable here\n"
            "1       tensorflow   2.21      yes\n"
            "2       torch        7         no: neither podman nor docker is installed\n"
            "OK\n"
            "List frameworks successful\n");
}

TEST_F(Bx, Version) {
  EXPECT_EQ(bx({"ml", "version"}).out,
            "Git Commit Hash: 90ee3d4a5c832a8c1a0d749c1a7c4883fd92b50b\n"
            "UTC Build Time : 20180118.120022\n"
            "Plugin Version : 0.1.0\n");
}

TEST_F(Bx, Help) {
  expect_golden(bx({"ml", "help"}).out, "bx-help.txt");
  EXPECT_EQ(bx({"ml"}).out, bx({"ml", "help"}).out);
  EXPECT_EQ(bx({}).out, bx({"ml", "help"}).out);
  EXPECT_EQ(trainyard({"bx", "ml", "help"}).out, bx({"ml", "help"}).out);
  expect_golden(bx({"ml", "help", "monitor"}).out, "bx-help-monitor.txt");
  EXPECT_EQ(bx({"ml", "monitor", "--help"}).out, bx({"ml", "help", "monitor"}).out);
}

TEST_F(Bx, GenerateManifestWritesASampleOnce) {
  EXPECT_EQ(bx({"ml", "generate-manifest", "training-runs"}).out,
            "OK\nA sample manifest file is generated under training-runs.yml\n");
  const auto path = dir.path() / "training-runs.yml";
  EXPECT_THAT(read_file(path), HasSubstr("model_definition:\n"));
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::all, fs::perms(0600));
  write_file_atomic(path, "mine");
  const auto again = bx({"ml", "generate-manifest", "training-runs"});
  EXPECT_EQ(again.code, kConflict);
  EXPECT_EQ(read_file(path), "mine");
}

TEST_F(Bx, WhatIsNotOfferedIsSaid) {
  const auto done = bx({"ml", "deploy", "a", "b"});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_THAT(done.err, HasSubstr("`bx ml deploy` is not offered"));
  EXPECT_THAT(bx({"ml", "list", "models"}).err, HasSubstr("\"models\" is not kept here"));
  EXPECT_THAT(bx({"ml", "trian", "a", "b"}).err, HasSubstr("did you mean train?"));
}

TEST_F(Bx, WrongArgumentsShowTheUsage) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"ml", "train", "only.zip"},
                                               {"ml", "train", "a", "b", "c"},
                                               {"ml", "train", "a", "b", "--fast"}}) {
    const auto done = bx(args);
    EXPECT_EQ(done.code, kBadInput);
    EXPECT_THAT(done.err, HasSubstr("Usage: bx ml train MODEL-DEFINITION-ZIP MANIFEST-YAML"));
  }
}

}  // namespace
}  // namespace trainyard::cli
