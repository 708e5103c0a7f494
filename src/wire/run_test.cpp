#include "wire/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "wire/learner.hpp"
#include "wire/sample_run.hpp"

namespace trainyard::wire {
namespace {

using nlohmann::json;
using testing::HasSubstr;

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

TEST(RunJson, APublicBucketIsShownWithoutKeys) {
  auto manifest = sample_manifest();
  manifest.training_data.connection = model::S3Connection{
      .endpoint_url = "https://h", .access_key_id = "", .secret_access_key = {}, .region = ""};
  EXPECT_THAT(encode_shown(manifest, Secrets::Masked),
              HasSubstr(R"("connection":{"endpoint_url":"https://h"})"));
  EXPECT_EQ(decode_manifest(encode_with_secrets(manifest)), manifest);
}

// The repository keeps these texts: whoever has to change this one adds a migration.
TEST(RunJson, TheShownManifestIsKeptAsItIs) {
  EXPECT_EQ(encode_shown(sample_manifest(), Secrets::Masked) + "\n", file("shown-manifest.txt"));
}

TEST(RunJson, ARunWithoutItsManifestIsShownWithTheKeptOne) {
  model::TrainingRun run = sample_run();
  run.manifest = {};
  EXPECT_EQ(encode_run(run, encode_shown(sample_manifest(), Secrets::Masked), kEverything),
            encode_run(sample_run(), kEverything));
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

}  // namespace
}  // namespace trainyard::wire
