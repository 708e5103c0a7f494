#include "wire/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "wire/sample_run.hpp"

namespace trainyard::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string file(const std::string& name) { return read_file(fs::path(TRAINYARD_TESTDATA) / name); }

TimePoint time(std::string_view text) { return parse_time(text).value(); }

model::RunId id(std::string_view text) { return model::RunId::parse(text).value(); }

// The run that a recorded answer tells of. Its time of submission is ours: that of its creation.
model::TrainingRun run_of(const json& recorded) {
  const json& entity = recorded["entity"];
  const json& definition = entity["model_definition"];
  const auto reference = [&](const char* key) {
    const json& in = entity[key];
    return model::StoreReference{
        .label = "",
        .connection =
            model::S3Connection{.endpoint_url = in["connection"]["endpoint_url"],
                                .access_key_id = in["connection"]["access_key_id"],
                                .secret_access_key = Secret(in["connection"]["secret_access_key"]),
                                .region = ""},
        .bucket = in["location"]["bucket"],
        .prefix = ""};
  };
  model::TrainingRun run;
  run.manifest = {.name = definition["name"],
                  .description = "",
                  .author = {},
                  .framework = {.name = definition["framework"]["name"],
                                .version = definition["framework"]["version"],
                                .runtimes = {{.name = "python", .version = "3.6"}}},
                  .command = definition["execution"]["command"],
                  .compute = {.size = definition["execution"]["compute_configuration"]["name"],
                              .gpus = 1,
                              .nodes = 1,
                              .cpus = {},
                              .memory_bytes = {}},
                  .definition_href = definition["definition_href"],
                  .training_data = reference("training_data_reference"),
                  .training_results = reference("training_results_reference")};
  const json& results = entity["training_results_reference"]["location"];
  run.id = id(results.value("model_location", "training-new_run_0"));
  run.created_at = time(recorded["metadata"]["created_at"].get<std::string>());
  run.modified_at = time(entity["status"]["current_at"].get<std::string>());
  return run;
}

model::RunStatus ended(const json& recorded, model::RunState state) {
  const json& status = recorded["entity"]["status"];
  return {.state = state,
          .phase = model::Phase::Ended,
          .attempt = 1,
          .running_at = time(status["running_at"].get<std::string>()),
          .finished_at = time(status["finished_at"].get<std::string>())};
}

// The recorded answer with what is different in ours: the id is that of the folder in the bucket,
// a run is submitted when it is created, and there is no page of another host to read more on.
json as_ours(json recorded, const model::TrainingRun& run) {
  recorded["metadata"]["guid"] = run.id.str();
  recorded["metadata"]["url"] = "/v3/models/" + run.id.str();
  json& status = recorded["entity"]["status"];
  status["submitted_at"] = recorded["metadata"]["created_at"];
  if (status.contains("error")) status["error"]["errors"][0].erase("more_info");
  return recorded;
}

json without_additions(const std::string& answer) {
  json run = json::parse(answer);
  for (const char* key : {"phase", "attempt", "verdict"}) run["entity"]["status"].erase(key);
  return run;
}

TEST(RunJson, APendingRunIsTheRecordedAnswerToItsSubmission) {
  const json recorded = json::parse(file("post-model.json"));
  const model::TrainingRun run = run_of(recorded);
  EXPECT_EQ(without_additions(encode_run(run, {.secrets = Secrets::InClear})),
            as_ours(recorded, run));
}

TEST(RunJson, ACompletedRunIsTheRecordedAnswer) {
  const json recorded = json::parse(file("get-model-completed.json"));
  model::TrainingRun run = run_of(recorded);
  run.status = ended(recorded, model::RunState::Completed);
  run.status.exit_code = 0;
  EXPECT_EQ(without_additions(encode_run(run, {.secrets = Secrets::InClear})),
            as_ours(recorded, run));
}

TEST(RunJson, AFailedRunIsTheRecordedAnswer) {
  const json recorded = json::parse(file("get-model-error.json"));
  model::TrainingRun run = run_of(recorded);
  run.status = ended(recorded, model::RunState::Error);
  run.status.exit_code = 1;
  run.status.verdict = model::Verdict{.code = "C201",
                                      .kind = "exit_code",
                                      .message = "The command ended with exit code 1.",
                                      .exit_code = 1,
                                      .last_lines = {}};
  EXPECT_EQ(without_additions(encode_run(run, {.secrets = Secrets::InClear})),
            as_ours(recorded, run));
}

model::TrainingRun sample_run() {
  model::TrainingRun run;
  run.id = id("training-DOl4q2LkR");
  run.manifest = sample_manifest();
  run.created_at = time("2026-11-24T06:00:00Z");
  run.modified_at = time("2026-11-24T06:01:00.250Z");
  run.status = {.state = model::RunState::Error,
                .phase = model::Phase::Ended,
                .attempt = 2,
                .cancel_requested = true,
                .exit_code = 0,
                .verdict = model::Verdict{.code = "C103",
                                          .kind = "store_refused",
                                          .message = "The results bucket refused the key.",
                                          .exit_code = 0,
                                          .last_lines = {"step 400", "done"}},
                .running_at = time("2026-11-24T06:00:01Z"),
                .finished_at = time("2026-11-24T06:01:00.250Z")};
  return run;
}

const RunRendering kEverything{
    .secrets = Secrets::Masked,
    .queue =
        QueueView{.place = 3, .message = "needs 2 GPUs", .estimate = time("2026-11-24T07:00:00Z")},
    .progress = Progress{.phase = "storing",
                         .files_done = 1,
                         .files_total = 2,
                         .bytes_done = 3,
                         .bytes_total = 4,
                         .bytes_from_cache = 0,
                         .bytes_per_second = 1.5,
                         .remaining = Milliseconds{250}}};

TEST(RunJson, OurAdditionsStandBesideTheRecordedFields) {
  const auto ordered = [](const std::string& text) { return nlohmann::ordered_json::parse(text); };
  EXPECT_EQ(ordered(encode_run(sample_run(), kEverything)).dump(2),
            ordered(file("run.json")).dump(2));
}

TEST(RunJson, SecretsAreMaskedUnlessAskedFor) {
  const std::string masked = encode_run(sample_run());
  EXPECT_THAT(masked, Not(HasSubstr("s3-secret")));
  EXPECT_THAT(masked, Not(HasSubstr("swift-secret")));
  EXPECT_THAT(masked, HasSubstr(R"("secret_access_key":"***")"));
  EXPECT_THAT(masked, HasSubstr(R"("password":"***")"));

  const std::string clear = encode_run(sample_run(), {.secrets = Secrets::InClear});
  EXPECT_THAT(clear, HasSubstr(R"("secret_access_key":"s3-secret")"));
  EXPECT_THAT(clear, HasSubstr(R"("password":"swift-secret")"));
}

json status_of(const model::TrainingRun& run) {
  return json::parse(encode_run(run))["entity"]["status"];
}

bool has_model_location(const model::TrainingRun& run) {
  return json::parse(encode_run(run))["entity"]["training_results_reference"]["location"].contains(
      "model_location");
}

TEST(RunJson, TheResultsFolderShowsOnceALearnerHasTheRun) {
  model::TrainingRun run = sample_run();
  run.status = {};
  EXPECT_FALSE(has_model_location(run));
  EXPECT_FALSE(status_of(run).contains("message"));
  EXPECT_FALSE(status_of(run).contains("running_at"));
  run.status = {.state = model::RunState::Pending, .phase = model::Phase::Starting, .attempt = 1};
  EXPECT_FALSE(has_model_location(run));
  run.status = {.state = model::RunState::Running,
                .phase = model::Phase::Staging,
                .attempt = 1,
                .running_at = time("2026-11-24T06:00:01Z")};
  EXPECT_TRUE(has_model_location(run));
  EXPECT_EQ(status_of(run)["message"], "training-DOl4q2LkR: ");
  run.status = {.state = model::RunState::Canceled, .phase = model::Phase::Ended};
  EXPECT_FALSE(has_model_location(run)) << "canceled in the queue";
}

TEST(RunJson, TheServicesFaultIsNotTheUsers) {
  model::TrainingRun run = sample_run();
  run.status.exit_code.reset();
  run.status.verdict->exit_code.reset();
  run.status.verdict->code = "S104";
  const json status = status_of(run);
  EXPECT_EQ(status["error_cause"], "server");
  EXPECT_EQ(status["message"], "training-DOl4q2LkR: ");
  EXPECT_EQ(status["error"]["errors"][0]["code"], "dl_job_failed (S104)");
}

TEST(RunJson, AShapeWithoutASizeSaysHowManyGpus) {
  model::TrainingRun run = sample_run();
  run.manifest.compute = {.size = "", .gpus = 3, .nodes = 2, .cpus = {}, .memory_bytes = {}};
  const json execution = json::parse(encode_run(run))["entity"]["model_definition"]["execution"];
  EXPECT_EQ(execution["compute_configuration"], (json{{"gpus", 3}, {"nodes", 2}}));
  EXPECT_EQ(decode_run(encode_run(run)).gpus, 3u);
}

TEST(RunJson, AClientReadsBackWhatTheServerWrote) {
  const RunView view = decode_run(encode_run(sample_run(), kEverything));
  EXPECT_EQ(view.id, "training-DOl4q2LkR");
  EXPECT_EQ(view.url, "/v3/models/training-DOl4q2LkR");
  EXPECT_EQ(view.name, "tf-mnist");
  EXPECT_EQ(view.description, sample_manifest().description);
  EXPECT_EQ(view.state, model::RunState::Error);
  EXPECT_EQ(view.phase, model::Phase::Ended);
  EXPECT_EQ(view.framework, "tensorflow");
  EXPECT_EQ(view.version, "1.10");
  EXPECT_EQ(view.command, sample_manifest().command);
  EXPECT_EQ(view.size, "medium");
  EXPECT_EQ(view.definition_href, sample_manifest().definition_href);
  EXPECT_EQ(view.training_data.type, "s3");
  EXPECT_EQ(view.training_data.endpoint, "http://127.0.0.1:2");
  EXPECT_EQ(view.training_data.bucket, "mnist");
  EXPECT_EQ(view.training_results.type, "bluemix_objectstore");
  EXPECT_EQ(view.training_results.endpoint, "https://keystone/v3");
  EXPECT_EQ(view.training_results.bucket, "results");
  EXPECT_EQ(view.training_results.model_location, "training-DOl4q2LkR");
  EXPECT_EQ(view.submitted_at, time("2026-11-24T06:00:00Z"));
  EXPECT_EQ(view.running_at, time("2026-11-24T06:00:01Z"));
  EXPECT_EQ(view.finished_at, time("2026-11-24T06:01:00.250Z"));
  EXPECT_EQ(view.current_at, time("2026-11-24T06:01:00.250Z"));
  EXPECT_EQ(view.message, "training-DOl4q2LkR: 0");
  EXPECT_EQ(view.attempt, 2u);
  EXPECT_TRUE(view.cancel_requested);
  EXPECT_EQ(view.verdict, sample_run().status.verdict);
  EXPECT_EQ(view.queue, kEverything.queue);
  ASSERT_TRUE(view.progress);
  EXPECT_EQ(view.progress->remaining, Milliseconds{250});
}

TEST(RunJson, TheRecordedListReads) {
  const RunListView list = decode_run_list(file("get-models.json"));
  ASSERT_EQ(list.runs.size(), 24u);
  EXPECT_EQ(list.next_url, "");
  const RunView& first = list.runs.front();
  EXPECT_EQ(first.id, "model-1g47xe42");
  EXPECT_EQ(first.state, model::RunState::Error);
  EXPECT_FALSE(first.phase);
  EXPECT_EQ(first.size, "k80");
  EXPECT_EQ(first.message, "training-ezakgkemg: 1");
  EXPECT_EQ(first.training_results.model_location, "training-ezakgkemg");
}

TEST(RunJson, TheSummaryIsFlat) {
  model::TrainingRun bare;
  bare.id = id("training-_________");
  bare.created_at = time("2026-11-24T06:00:00Z");
  RunListWriter writer(ListView::Summary);
  writer.add(sample_run());
  writer.add(bare);
  const std::string answer = writer.finish("/v3/models?view=summary&start=abc");
  EXPECT_EQ(nlohmann::ordered_json::parse(answer).dump(2),
            nlohmann::ordered_json::parse(file("summary.json")).dump(2));

  const RunListView list = decode_run_list(answer);
  ASSERT_EQ(list.runs.size(), 2u);
  EXPECT_EQ(list.next_url, "/v3/models?view=summary&start=abc");
  EXPECT_EQ(list.runs[0].name, "tf-mnist");
  EXPECT_EQ(list.runs[0].gpus, 2u);
  EXPECT_EQ(list.runs[0].state, model::RunState::Error);
  EXPECT_EQ(list.runs[1].phase, model::Phase::Queued);
  EXPECT_EQ(list.runs[1].size, "");
  EXPECT_FALSE(list.runs[1].running_at);
}

TEST(RunJson, AnEmptyListIsAList) {
  EXPECT_EQ(RunListWriter(ListView::Full).finish(""), R"({"resources":[]})");
  EXPECT_TRUE(decode_run_list(R"({"resources":[]})").runs.empty());
}

TEST(RunJson, OneListHoldsRunsAsTheyAreAnswered) {
  RunListWriter writer(ListView::Full);
  writer.add(sample_run(), kEverything);
  EXPECT_EQ(writer.finish(""), "{\"resources\":[" + encode_run(sample_run(), kEverything) + "]}");
}

TEST(RunJson, ARequestNamesSourceTargetAndSecrets) {
  const json request = json::parse(encode_run_request(sample_manifest()));
  EXPECT_EQ(request["training_data_reference"]["source"],
            (json{{"bucket", "mnist"}, {"prefix", "train/"}}));
  EXPECT_EQ(request["training_results_reference"]["target"], (json{{"bucket", "results"}}));
  EXPECT_EQ(request["training_data_reference"]["connection"]["secret_access_key"], "s3-secret");
  EXPECT_EQ(request["model_definition"]["definition_href"], sample_manifest().definition_href);
  EXPECT_FALSE(request.contains("entity"));
}

TEST(RunJson, ARequestNamesTheRuntimesAndAnAnswerDoesNot) {
  auto run = sample_run();
  run.manifest.framework.runtimes = {{.name = "python", .version = "3.10"}};
  const json request = json::parse(encode_run_request(run.manifest));
  EXPECT_EQ(request["model_definition"]["framework"]["runtimes"],
            (json::array({{{"name", "python"}, {"version", "3.10"}}})));
  const json answer = json::parse(encode_run(run));
  EXPECT_FALSE(answer["entity"]["model_definition"]["framework"].contains("runtimes"));
}

TEST(RunJson, RefusesWhatIsNoRun) {
  const auto problem = [](std::string_view text) -> std::string {
    try {
      decode_run(text);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(problem("{}"), "run: field \"metadata\" is missing");
  std::string unknown = encode_run(sample_run());
  unknown.replace(unknown.find("\"state\":\"error\""), 15, "\"state\":\"STORED\"");
  EXPECT_EQ(problem(unknown),
            "run: field \"entity.status.state\" must be pending, running, completed, error or "
            "canceled");
}

TEST(CancelJson, TheListAndTheObjectAreBothTaken) {
  EXPECT_NO_THROW(decode_cancel(encode_cancel()));
  EXPECT_NO_THROW(decode_cancel(R"([{"op":"replace","path":"/status/state","value":"canceled"}])"));
  EXPECT_NO_THROW(decode_cancel(R"({"op":"replace","path":"/status/state","value":"canceled"})"));
}

TEST(CancelJson, AnyOtherChangeIsRefused) {
  for (const char* change :
       {R"([])", R"({})", R"("canceled")",
        R"({"op":"replace","path":"/status/state","value":"completed"})",
        R"({"op":"replace","path":"/entity/name","value":"canceled"})",
        R"({"op":"remove","path":"/status/state","value":"canceled"})",
        R"([{"op":"replace","path":"/status/state","value":"canceled"},{"op":"add"}])"}) {
    EXPECT_THROW(decode_cancel(change), Error) << change;
  }
}

}  // namespace
}  // namespace trainyard::wire
