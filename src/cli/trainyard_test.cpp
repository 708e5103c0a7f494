// `trainyard …`: our own face.
#include <gmock/gmock.h>

#include "cli/cli_testing.hpp"
#include "cli/manifest_testing.hpp"

namespace trainyard::cli {
namespace {

using client::FakeHttp;
using testing::HasSubstr;

class Trainyard : public CliTest {
 protected:
  Trainyard() {
    zip = write("model.zip", tiny_zip("main.py", "print(1)\n"));
    manifest = write("job.yaml", kManifest);
  }
  void accept_training() {
    http.on("POST /v3/ml_assets/training_definitions", 201, kDefinition);
    http.on("PUT /content", 200, R"({"ok":"true"})");
    http.on("POST /v3/models", 202, run_json("pending"));
  }
  void look(const std::string& state, const std::string& status = "") {
    http.on("GET /v3/models/training-DOl4q2LkR", 200, run_json(state, status));
  }
  void log(const std::string& text) {
    http.on("GET /v3/models/training-DOl4q2LkR/logs/training-log.txt?offset=0&follow=true", 200,
            text);
  }
  std::string zip, manifest;
  const std::string id = "training-DOl4q2LkR";
};

constexpr const char* kStaging =
    R"(,"phase":"staging","progress":{"phase":"staging","files_done":1,"files_total":4,)"
    R"("bytes_done":1048576,"bytes_total":4194304,"bytes_from_cache":0,)"
    R"("bytes_per_second":1048576,"remaining_ms":3000})";
constexpr const char* kBroken =
    R"(,"phase":"ended","verdict":{"code":"C201","kind":"exit_code",)"
    R"("message":"the command ended with exit code 3","exit_code":3,"last_lines":["no"]})";
constexpr const char* kWaiting =
    R"(,"phase":"queued","queue":{"place":2,"message":"needs 2 GPUs, 1 is free",)"
    R"("estimate":"2017-10-26T12:00:00.000Z"})";

TEST_F(Trainyard, TrainPrintsTheIdAlone) {
  accept_training();
  const auto done = trainyard({"train", zip, manifest});
  EXPECT_EQ(done.out, id + "\n");
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(done.code, kOk);
}

TEST_F(Trainyard, TrainWithJsonPrintsTheRun) {
  accept_training();
  look("pending");
  EXPECT_EQ(trainyard({"train", "--json", zip, manifest}).out, run_json("pending") + "\n");
}

TEST_F(Trainyard, TrainFollowsToTheEnd) {
  accept_training();
  look("pending", kWaiting);
  look("running", kStaging);
  look("running", R"(,"phase":"training")");
  look("running", R"(,"phase":"storing")");
  look("completed");
  log("epoch 1\nepoch 2\n");
  const auto done = trainyard({"train", zip, manifest, "-f"});
  EXPECT_EQ(done.out, id + "\nepoch 1\nepoch 2\n");
  EXPECT_EQ(done.err,
            "waiting: needs 2 GPUs, 1 is free\n"
            "staging: 1 of 4 files, 1 MiB of 4 MiB, 1 MiB/s, 3 s left\n"
            "training\n"
            "storing\n" +
                id + " completed\n");
  EXPECT_EQ(done.code, kOk);
}

TEST_F(Trainyard, AFollowedRunThatFailsIsAFailureWithItsReason) {
  accept_training();
  look("error", kBroken);
  log("no\n");
  const auto done = trainyard({"train", "--follow", zip, manifest});
  EXPECT_EQ(done.err, id + " error: the command ended with exit code 3\n");
  EXPECT_EQ(done.code, kFailed);
}

TEST_F(Trainyard, OnATerminalProgressIsRedrawn) {
  terminal = true;
  look("running", kStaging);
  look("completed");
  log("");
  const auto done = trainyard({"logs", "-f", id});
  EXPECT_EQ(done.err, "\r\x1b[Kstaging: 1 of 4 files, 1 MiB of 4 MiB, 1 MiB/s, 3 s left\r\x1b[K" +
                          id + " completed\n");
}

TEST_F(Trainyard, ASlowUploadShowsItsProgressOnATerminal) {
  terminal = true;
  accept_training();
  http.before_body_piece = [&] { clock.sleep_for(Milliseconds(500), {}); };
  const auto done = trainyard({"train", zip, manifest});
  const auto size = std::to_string(fs::file_size(zip));
  EXPECT_THAT(done.err, HasSubstr("\r\x1b[Kuploading " + zip + ": " + size + " B of " + size));
  EXPECT_THAT(done.err, testing::EndsWith("\r\x1b[K"));
}

TEST_F(Trainyard, CtrlCLeavesTheRunAlone) {
  look("pending", kWaiting);
  stop.request_stop();
  const auto done = trainyard({"logs", "-f", id});
  EXPECT_EQ(done.code, kInterrupted);
  EXPECT_THAT(http.lines(), testing::Not(testing::Contains(testing::StartsWith("PATCH"))));
}

TEST_F(Trainyard, ListShowsStatesWithTheirPhase) {
  http.on("GET /v3/models?view=summary&limit=10000", 200,
          R"({"resources":[{"id":"training-a","name":"one","state":"running","phase":"training",)"
          R"("framework":"keras","version":"2","submitted_at":"2017-10-26T11:16:51Z"},)"
          R"({"id":"training-b","name":"two","state":"completed","phase":"ended",)"
          R"("framework":"keras","version":"2","submitted_at":"2017-10-26T11:16:52Z",)"
          R"("finished_at":"2017-10-26T11:20:00Z"}]})");
  EXPECT_EQ(trainyard({"list"}).out,
            "ID           NAME   STATE              FRAMEWORK   SUBMITTED              FINISHED\n"
            "training-a   one    running/training   keras 2     2017-10-26T11:16:51Z   -\n"
            "training-b   two    completed          keras 2     2017-10-26T11:16:52Z   "
            "2017-10-26T11:20:00Z\n");
  EXPECT_EQ(trainyard({"list", "-q"}).out, "training-a\ntraining-b\n");
  EXPECT_EQ(
      trainyard({"list", "--json"}).out,
      R"([{"id":"training-a","url":"","name":"one","state":"running","phase":"training",)"
      R"("framework":"keras","version":"2","gpus":0,)"
      R"("submitted_at":"2017-10-26T11:16:51.000Z"},)"
      "\n"
      R"({"id":"training-b","url":"","name":"two","state":"completed","phase":"ended",)"
      R"("framework":"keras","version":"2","gpus":0,)"
      R"("submitted_at":"2017-10-26T11:16:52.000Z","finished_at":"2017-10-26T11:20:00.000Z"}])"
      "\n");
}

TEST_F(Trainyard, ANameCannotSteerTheTerminal) {
  http.on("GET /v3/models?view=summary&limit=10000", 200,
          R"({"resources":[{"id":"training-a","name":"a\u001b[31m\nb","state":"pending",)"
          R"("framework":"keras","version":"2","submitted_at":"2017-10-26T11:16:51Z"}]})");
  EXPECT_THAT(trainyard({"list"}).out, HasSubstr(R"(training-a   a\x1b[31m b   pending)"));
}

TEST_F(Trainyard, AnEmptyListIsAnEmptyArray) {
  http.on("GET /v3/models?view=summary&limit=10000", 200, R"({"resources":[]})");
  EXPECT_EQ(trainyard({"list", "--json"}).out, "[]\n");
}

TEST_F(Trainyard, ShowTellsAllThereIs) {
  look("running", kStaging);
  look("error", kBroken);
  look("pending", kWaiting);
  expect_golden(trainyard({"show", id}).out, "show-staging.txt");
  expect_golden(trainyard({"show", id}).out, "show-error.txt");
  expect_golden(trainyard({"show", id}).out, "show-waiting.txt");
  EXPECT_EQ(trainyard({"show", id, "--json"}).out, run_json("pending", kWaiting) + "\n");
}

TEST_F(Trainyard, LogsPrintAFileOrItsEnd) {
  http.on("GET /v3/models/r/logs/training-log.txt?offset=0", 200, "all\nof it\n");
  http.on("GET /v3/models/r/logs/load-data.log?last=1", 200, "of it\n");
  EXPECT_EQ(trainyard({"logs", "r"}).out, "all\nof it\n");
  EXPECT_EQ(trainyard({"logs", "r", "--file=load-data.log", "-n", "1"}).out, "of it\n");
  EXPECT_THAT(trainyard({"logs", "r", "--last", "few"}).err,
              HasSubstr("--last needs a whole number, not \"few\""));
}

TEST_F(Trainyard, WhyTellsWhatARunWaitsFor) {
  look("pending", kWaiting);
  look("error", kBroken);
  look("running", R"(,"phase":"training")");
  look("completed");
  EXPECT_EQ(trainyard({"why", id}).out, id + " waits, place 2 in the queue: needs 2 GPUs, 1 is "
                                             "free\nit may start at about 2017-10-26T12:00:00Z\n");
  EXPECT_EQ(trainyard({"why", id}).out,
            id + " ended as error: the command ended with exit code 3\n");
  EXPECT_EQ(trainyard({"why", id}).out, id + " does not wait; it is at training\n");
  EXPECT_EQ(trainyard({"why", id}).out, id + " completed\n");
}

TEST_F(Trainyard, StatusShowsWhoHoldsWhat) {
  http.on("GET /v3/status", 200,
          R"({"version":"0.1.0","started_at":"2017-10-26T11:16:51.000Z","instance":"i",)"
          R"("store_url":"http://127.0.0.1:9000","cores":8,"memory_bytes":34359738368,)"
          R"("note":"no GPU found: 2 CPU slots stand in","queued":1,"active":1,"slots":[)"
          R"({"id":"cpu-0","gpu":false,"model":"4 of 8 cores","memory_bytes":0,)"
          R"("held_by":"training-a","unavailable":""},)"
          R"({"id":"GPU-1","gpu":true,"model":"H100","memory_bytes":85899345920,"held_by":"",)"
          R"("unavailable":"used by someone else"},{"id":"cpu-1","gpu":false,"model":"x",)"
          R"("memory_bytes":0,"held_by":"","unavailable":""}],)"
          R"("warnings":["commands are not confined: bubblewrap is missing"]})");
  expect_golden(trainyard({"status"}).out, "status.txt");
  EXPECT_THAT(trainyard({"status", "--json"}).out, testing::StartsWith("{\"version\":\"0.1.0\""));
}

TEST_F(Trainyard, FrameworksSayWhatIsUsable) {
  const std::string answer =
      R"({"resources":[{"name":"tensorflow","version":"2.21","aliases":["latest","2"],)"
      R"("kind":"environment","usable":true},{"name":"torch","version":"7","aliases":[],)"
      R"("kind":"image","usable":false,"why_not":"podman is missing"}]})";
  http.on("GET /v3/models/frameworks", 200, answer);
  EXPECT_EQ(trainyard({"frameworks"}).out,
            "NAME         VERSION   ALSO        RUNS IN       USABLE HERE\n"
            "tensorflow   2.21      latest, 2   environment   yes\n"
            "torch        7                     image         no: podman is missing\n");
  EXPECT_EQ(trainyard({"frameworks", "--json"}).out, answer + "\n");
}

TEST_F(Trainyard, CancelAndDeleteSayWhatHappens) {
  http.on("PATCH /v3/models/r", 204, "").on("DELETE /v3/models/r", 204, "");
  EXPECT_EQ(trainyard({"cancel", "r"}).out, "r is being canceled; what it has written is stored\n");
  EXPECT_EQ(trainyard({"delete", "r"}).out, "r is deleted; its buckets are as they were\n");
}

TEST_F(Trainyard, ALiveRunIsNotSaidToBeDeletedBeforeItIs) {
  const auto storing = run_json("running", R"(,"phase":"storing")");
  http.on("DELETE /v3/models/r", 204, "").on("GET /v3/models/r", 200, storing);
  const auto plain = trainyard({"delete", "r"});
  EXPECT_EQ(plain.code, kOk);
  EXPECT_EQ(plain.out, "r is being canceled; it is deleted once what it has written is stored\n");
  EXPECT_EQ(clock.slept, Milliseconds(0));
}

TEST_F(Trainyard, OnATerminalDeleteWaitsForTheEndOfALiveRun) {
  terminal = true;
  const auto storing = run_json("running", R"(,"phase":"storing")");
  http.on("DELETE /v3/models/r", 204, "")
      .on("GET /v3/models/r", 200, storing)
      .on("GET /v3/models/r", client::FakeHttp::unreachable())
      .on("GET /v3/models/r", 404, client::FakeHttp::error_body("there is no r"));
  const auto waited = trainyard({"delete", "r"});
  EXPECT_EQ(waited.code, kOk);
  EXPECT_EQ(waited.out, "r is deleted; its buckets are as they were\n");
  EXPECT_THAT(waited.err, HasSubstr("canceling: storing"));
  EXPECT_GT(clock.slept, Milliseconds(0));
}

TEST_F(Trainyard, ADeleteThatIsInterruptedWhileItWaitsGoesOn) {
  terminal = true;
  stop.request_stop();
  http.on("DELETE /v3/models/r", 204, "")
      .on("GET /v3/models/r", 200, run_json("running", R"(,"phase":"training")"));
  const auto left = trainyard({"delete", "r"});
  EXPECT_EQ(left.code, kInterrupted);
  EXPECT_EQ(left.out, "");
  EXPECT_THAT(left.err, HasSubstr("it is deleted once what it has written is stored\n"));
}

TEST_F(Trainyard, ValidateAsksTheServiceForWhatOnlyItKnows) {
  http.on("POST /v3/models/checks", 200, R"({"ok":"true"})");
  const auto sound = trainyard({"validate", manifest});
  EXPECT_EQ(sound.out, manifest + ": no errors\n");
  EXPECT_EQ(sound.err, "");
  EXPECT_THAT(http.requests.back().body, HasSubstr(R"("command":)"));
}

TEST_F(Trainyard, WhatTheServiceHasAgainstAManifestIsAnError) {
  http.on("POST /v3/models/checks", 400,
          client::FakeHttp::error_body("model_definition.framework: there is no tensorflw"));
  const auto refused = trainyard({"validate", manifest});
  EXPECT_EQ(refused.code, kBadInput);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err,
            "FAILED\n" + manifest + ": model_definition.framework: there is no tensorflw\n");
}

TEST_F(Trainyard, ValidateSaysWhatItCouldNotAskTheServiceFor) {
  http.on("POST /v3/models/checks", client::FakeHttp::unreachable());
  const auto alone = trainyard({"validate", manifest});
  EXPECT_EQ(alone.code, kOk);
  EXPECT_EQ(alone.out, manifest + ": no errors\n");
  EXPECT_THAT(alone.err,
              testing::StartsWith("note: the framework, the size and the buckets are not checked: "
                                  "the service at http://service:1 does not answer"));
}

TEST_F(Trainyard, ValidateNeedsNoService) {
  env.clear();
  const auto alone = trainyard({"validate", manifest, zip});
  EXPECT_EQ(alone.out, manifest + " and " + zip + ": no errors\n");
  EXPECT_THAT(alone.err, HasSubstr("are not checked: no service is known here"));
  const auto other = write("other.zip", tiny_zip("lib/main.py", "x"));
  const auto warned = trainyard({"validate", manifest, other});
  EXPECT_EQ(warned.code, kOk);
  EXPECT_THAT(warned.err, HasSubstr("did you mean lib/main.py?"));
  EXPECT_EQ(trainyard({"validate", manifest, manifest}).code, kBadInput);
  EXPECT_EQ(trainyard({"validate", "/nowhere.yaml"}).code, kNotFound);
  EXPECT_EQ(trainyard({"validate", manifest, "/nowhere.zip"}).code, kNotFound);
  const auto both = trainyard({"validate", write("bad.yaml", "model_definition: 3\n"), manifest});
  EXPECT_EQ(both.code, kBadInput);
  EXPECT_THAT(both.err, HasSubstr("bad.yaml:1:19: error: model_definition"));
  EXPECT_THAT(both.err, HasSubstr(manifest + ": "));  // and why it is no zip
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(Trainyard, ValidateAsJsonIsForEditors) {
  const auto bad = write("bad.yaml", "model_definition: 3\n");
  const auto done = trainyard({"validate", "--json", bad});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_THAT(done.out,
              HasSubstr(R"(","line":1,"column":19,"severity":"error","path":"model_definition",)"
                        R"("message":"expected keys with values, found text"})"));
  EXPECT_EQ(trainyard({"validate", "--json", manifest}).out, "[]\n");
}

TEST_F(Trainyard, TheServiceOfThisMachineIsFoundWithoutVariables) {
  env.clear();
  const auto missing = trainyard({"list"});
  EXPECT_EQ(missing.code, kNotFound);
  EXPECT_THAT(missing.err, HasSubstr("trainyard serve"));

  make_private_dir(dir.path() / "other");
  write("other/client.json", R"({"url":"http://service:1","username":"bob","password":"secret"})");
  http.on("GET /v3/models?view=summary&limit=10000", 200, R"({"resources":[]})");
  const auto found = trainyard({"list", "--state-dir", (dir.path() / "other").string()});
  EXPECT_EQ(found.code, kOk) << found.err;
  EXPECT_EQ(http.requests[0].headers.get("Authorization"), "Basic Ym9iOnNlY3JldA==");
}

TEST_F(Trainyard, EveryKindOfFailureHasItsExitCode) {
  struct Case {
    int status, code;
  };
  for (const auto& c : {Case{400, kBadInput}, Case{401, kNotAllowed}, Case{403, kNotAllowed},
                        Case{404, kNotFound}, Case{409, kConflict}, Case{413, kBadInput},
                        Case{500, kFailed}, Case{503, kUnreachable}, Case{507, kFailed}}) {
    const auto name = "r" + std::to_string(c.status);
    http.on("GET /v3/models/" + name, c.status, FakeHttp::error_body("a sentence"));
    const auto done = trainyard({"show", name});
    EXPECT_EQ(done.code, c.code) << c.status;
    EXPECT_EQ(done.err, "FAILED\na sentence\n");
    EXPECT_EQ(done.out, "");
  }
  http.on("GET /v3/models/away", FakeHttp::unreachable());
  EXPECT_EQ(trainyard({"show", "away"}).code, kUnreachable);
}

TEST_F(Trainyard, OutputThatIsLostIsAFailure) {
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  Context context{.out = out,
                  .err = err,
                  .env = env,
                  .state_dir = dir.path(),
                  .working_dir = dir.path(),
                  .terminal = false,
                  .build = {},
                  .http = http,
                  .clock = clock,
                  .stop = {}};
  const std::vector<std::string> args = {"help"};
  EXPECT_EQ(cli::run(Face::Trainyard, args, context), kFailed);
  EXPECT_THAT(err.str(), HasSubstr("could not be written to standard output"));
}

TEST_F(Trainyard, OptionsThatAreUnknownNameTheNearest) {
  const auto done = trainyard({"list", "--jsno"});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_THAT(done.err, HasSubstr("unknown option --jsno; did you mean --json?\nUsage: trainyard "
                                  "list [--quiet] [--json] [--state-dir DIR]\n"));
  EXPECT_THAT(trainyard({"logs", "r", "--last"}).err, HasSubstr("--last"));
}

TEST_F(Trainyard, VersionIsAnOptionToo) {
  EXPECT_EQ(trainyard({"--version"}).out, trainyard({"version"}).out);
}

TEST_F(Trainyard, HelpAndManualAreMadeFromTheTable) {
  expect_golden(trainyard({"help"}).out, "help.txt");
  expect_golden(trainyard({"help", "logs"}).out, "help-logs.txt");
  expect_golden(trainyard({"help", "--man"}).out, "trainyard.1");
  EXPECT_EQ(trainyard({"logs", "-h"}).out, trainyard({"help", "logs"}).out);
  EXPECT_EQ(trainyard({"--help"}).out, trainyard({"help"}).out);
  EXPECT_THAT(trainyard({"version"}).out, testing::StartsWith("trainyard 0.1.0 ("));
}

TEST_F(Trainyard, SchemaAndSampleComeFromTheManifest) {
  EXPECT_THAT(trainyard({"schema"}).out, HasSubstr("json-schema.org/draft/2020-12"));
  EXPECT_THAT(trainyard({"schema", "--sample"}).out, HasSubstr("\nmodel_definition:\n"));
}

}  // namespace
}  // namespace trainyard::cli
