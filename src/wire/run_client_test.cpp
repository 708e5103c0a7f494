// What a client of the API sends, and what it reads back.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "wire/run.hpp"
#include "wire/sample_run.hpp"

namespace trainyard::wire {
namespace {

using nlohmann::json;

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
  RunListWriter writer;
  writer.add_summary(sample_run());
  writer.add_summary(bare);
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
  EXPECT_EQ(RunListWriter().finish(""), R"({"resources":[]})");
  EXPECT_TRUE(decode_run_list(R"({"resources":[]})").runs.empty());
}

TEST(RunJson, OneListHoldsRunsAsTheyAreAnswered) {
  RunListWriter writer;
  writer.add(sample_run(), encode_shown(sample_run().manifest, kEverything.secrets), kEverything);
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
