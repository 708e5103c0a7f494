#include "wire/learner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "wire/sample_run.hpp"

namespace trainyard::wire {
namespace {

using testing::HasSubstr;

const model::Verdict kVerdict{.code = "C201",
                              .kind = "exit_code",
                              .message = "The command ended with exit code 1.",
                              .exit_code = 1,
                              .last_lines = {"Traceback", "ValueError: \"x\""}};

std::string problem(std::string_view json, void (*decode)(std::string_view)) {
  try {
    decode(json);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
    return e.what();
  }
  return "no error";
}

TEST(EventJson, EveryEventReadsBackAsWritten) {
  model::Verdict no_exit = kVerdict;
  no_exit.exit_code.reset();
  const std::vector<model::Event> events{
      model::Dispatched{.attempt = 2, .slots = {"GPU-1f0a", "cpu-0"}},
      model::Started{.attempt = 2, .handle = "local:boot:17:99"},
      model::StagingStarted{.attempt = 2},
      model::TrainingStarted{.attempt = 2},
      model::TrainingEnded{.attempt = 2, .exit_code = -1},
      model::StoringStarted{.attempt = 2},
      model::Finished{.attempt = 2, .outcome = model::RunState::Completed, .verdict = {}},
      model::Finished{.attempt = 2, .outcome = model::RunState::Error, .verdict = kVerdict},
      model::CancelRequested{.by = "anna"},
      model::LearnerLost{.attempt = 2, .reason = "killed by signal 9"},
      model::Abandoned{.verdict = no_exit}};
  ASSERT_EQ(events.back().index() + 1, std::variant_size_v<model::Event>);
  for (const model::Event& event : events) {
    EXPECT_EQ(decode_event(encode(event)), event) << encode(event);
  }
}

TEST(EventJson, HasTheFormThatStoredLogsHave) {
  EXPECT_EQ(encode(model::Event{model::Dispatched{.attempt = 1, .slots = {"cpu-0"}}}),
            R"({"event":"dispatched","attempt":1,"slots":["cpu-0"]})");
  EXPECT_EQ(encode(model::Event{model::Abandoned{.verdict = kVerdict}}),
            R"({"event":"abandoned","verdict":{"code":"C201","kind":"exit_code",)"
            R"("message":"The command ended with exit code 1.","exit_code":1,)"
            R"("last_lines":["Traceback","ValueError: \"x\""]}})");
}

TEST(EventJson, RefusesWhatIsNoEvent) {
  const auto decode = [](std::string_view json) { decode_event(json); };
  EXPECT_THAT(problem(R"({"event":"exploded","attempt":1})", decode), HasSubstr("names no event"));
  EXPECT_THAT(problem(R"({"event":"started","attempt":1})", decode), HasSubstr("handle"));
  EXPECT_THAT(problem(R"({"event":"staging_started","attempt":-1})", decode), HasSubstr("attempt"));
  EXPECT_THAT(problem(R"({"event":"finished","attempt":1,"outcome":"running"})", decode),
              HasSubstr("must be completed, error or canceled"));
  EXPECT_THAT(problem(R"({"attempt":1})", decode), HasSubstr("event: field \"event\" is missing"));
}

TEST(ManifestJson, ReadsBackAsWritten) {
  const model::Manifest manifest = sample_manifest();
  EXPECT_EQ(decode_manifest(encode_with_secrets(manifest)), manifest);

  model::Manifest bare;
  bare.training_data.bucket = "b";
  EXPECT_EQ(decode_manifest(encode_with_secrets(bare)), bare);
}

TEST(ManifestJson, RefusesAnUnknownStore) {
  model::Manifest manifest = sample_manifest();
  std::string json = encode_with_secrets(manifest);
  json.replace(json.find("\"s3\""), 4, "\"ftp\"");
  EXPECT_EQ(problem(json, [](std::string_view text) { decode_manifest(text); }),
            "manifest: field \"training_data.type\" must be \"s3\" or \"bluemix_objectstore\"");
}

Assignment sample_assignment() {
  return {.run = *model::RunId::parse("training-DOl4q2LkR"),
          .attempt = 2,
          .manifest = sample_manifest(),
          .definition_sha256 = "abc",
          .slots = {"GPU-1"},
          .gpus = true,
          .cores = 7,
          .recover = true,
          .cancel_requested = true,
          .runtime = {.kind = "environment",
                      .label = "tensorflow 2.21 (python 3.11)",
                      .environment = "/var/env",
                      .build_log = "/var/env/build.log",
                      .image = "img",
                      .image_program = "podman",
                      .variables = {{"A", "1"}, {"B", "x=y"}},
                      .failure = "no wheel"},
          .cancel_grace = Milliseconds{1500},
          .store_retry = Milliseconds{60'000},
          .results_quiet = Milliseconds{2'500}};
}

TEST(AssignmentJson, ReadsBackAsWritten) {
  const Assignment before = sample_assignment();
  const Assignment after = decode_assignment(encode(before));
  EXPECT_EQ(after.run, before.run);
  EXPECT_EQ(after.attempt, 2u);
  EXPECT_EQ(after.manifest, before.manifest);
  EXPECT_EQ(after.definition_sha256, "abc");
  EXPECT_EQ(after.slots, before.slots);
  EXPECT_TRUE(after.gpus);
  EXPECT_EQ(after.cores, 7u);
  EXPECT_TRUE(after.recover);
  EXPECT_TRUE(after.cancel_requested);
  EXPECT_EQ(after.runtime.kind, "environment");
  EXPECT_EQ(after.runtime.label, before.runtime.label);
  EXPECT_EQ(after.runtime.environment, "/var/env");
  EXPECT_EQ(after.runtime.build_log, "/var/env/build.log");
  EXPECT_EQ(after.runtime.image, "img");
  EXPECT_EQ(after.runtime.image_program, "podman");
  EXPECT_EQ(after.runtime.variables, before.runtime.variables);
  EXPECT_EQ(after.runtime.failure, "no wheel");
  EXPECT_EQ(after.cancel_grace, Milliseconds{1500});
  EXPECT_EQ(after.store_retry, Milliseconds{60'000});
  EXPECT_EQ(after.results_quiet, Milliseconds{2'500});
}

TEST(AssignmentJson, RefusesABadRunIdAndNegativeTimes) {
  const auto decode = [](std::string_view json) { decode_assignment(json); };
  std::string json = encode(sample_assignment());
  json.replace(json.find("training-DOl4q2LkR"), 18, "../../../etc/passw");
  EXPECT_THAT(problem(json, decode), HasSubstr("field \"run\""));

  Assignment negative = sample_assignment();
  negative.cancel_grace = Milliseconds{-1};
  EXPECT_THAT(problem(encode(negative), decode), HasSubstr("must not be negative"));
}

TEST(ReportJson, ReadsBackAsWritten) {
  const TimePoint at = *parse_time("2026-11-24T06:00:00.123Z");
  Report before{.attempt = 3, .first_sequence = 4, .items = {}, .progress = {}};
  before.items.push_back({.at = at, .event = model::TrainingEnded{.attempt = 3, .exit_code = 1}});
  before.items.push_back(
      {.at = at + Milliseconds{5},
       .event =
           model::Finished{.attempt = 3, .outcome = model::RunState::Error, .verdict = kVerdict}});
  before.progress = Progress{.phase = "storing",
                             .files_done = 1,
                             .files_total = 2,
                             .bytes_done = 3,
                             .bytes_total = 5'000'000'000,
                             .bytes_from_cache = 4,
                             .bytes_per_second = 1.5e9,
                             .remaining = Milliseconds{2500},
                             .limited_by = "disk",
                             .trouble = "the store is away"};
  const Report after = decode_report(encode(before));
  EXPECT_EQ(after.attempt, 3u);
  EXPECT_EQ(after.first_sequence, 4u);
  ASSERT_EQ(after.items.size(), 2u);
  EXPECT_EQ(after.items[0].at, at);
  EXPECT_EQ(after.items[1].event, before.items[1].event);
  ASSERT_TRUE(after.progress);
  EXPECT_EQ(after.progress->phase, "storing");
  EXPECT_EQ(after.progress->files_done, 1u);
  EXPECT_EQ(after.progress->files_total, 2u);
  EXPECT_EQ(after.progress->bytes_done, 3u);
  EXPECT_EQ(after.progress->bytes_total, 5'000'000'000u);
  EXPECT_EQ(after.progress->bytes_from_cache, 4u);
  EXPECT_EQ(after.progress->bytes_per_second, 1.5e9);
  EXPECT_EQ(after.progress->remaining, Milliseconds{2500});
  EXPECT_EQ(after.progress->limited_by, "disk");
  EXPECT_EQ(after.progress->trouble, "the store is away");

  before.progress->remaining.reset();
  EXPECT_FALSE(decode_report(encode(before)).progress->remaining);
}

TEST(ReportJson, RefusesEventsThatAreNotALearnersToSay) {
  for (const model::Event& event : std::vector<model::Event>{
           model::Dispatched{.attempt = 1, .slots = {}},
           model::Started{.attempt = 1, .handle = "h"}, model::CancelRequested{.by = "x"},
           model::LearnerLost{.attempt = 1, .reason = ""}, model::Abandoned{.verdict = kVerdict}}) {
    Report report;
    report.items.push_back({.at = TimePoint{}, .event = event});
    EXPECT_EQ(problem(encode(report), [](std::string_view json) { decode_report(json); }),
              "report: field \"items[0].event\" is not one that a learner reports");
  }
}

TEST(ReportAnswerJson, ReadsBackAsWritten) {
  const ReportAnswer after = decode_report_answer(
      encode(ReportAnswer{.next_sequence = 9, .cancel_requested = true, .superseded = true}));
  EXPECT_EQ(after.next_sequence, 9u);
  EXPECT_TRUE(after.cancel_requested);
  EXPECT_TRUE(after.superseded);
}

TEST(LogAnswerJson, IsTheSize) {
  EXPECT_EQ(encode_log_size(17), R"({"size":17})");
  EXPECT_EQ(decode_log_size(R"({"size":5000000000})"), 5'000'000'000u);
}

}  // namespace
}  // namespace trainyard::wire
