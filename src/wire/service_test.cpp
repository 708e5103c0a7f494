// The small documents about the service itself: token, instance, frameworks, status, monitor.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "wire/frameworks.hpp"
#include "wire/instance.hpp"
#include "wire/monitor.hpp"
#include "wire/status.hpp"
#include "wire/token.hpp"

namespace trainyard::wire {
namespace {

TimePoint time(std::string_view text) { return parse_time(text).value(); }

TEST(TokenJson, ReadsBackAndIsNeverEmpty) {
  EXPECT_EQ(encode_token(Secret("a.b.c")), R"({"token":"a.b.c"})");
  EXPECT_EQ(decode_token(R"({"token":"a.b.c"})"), Secret("a.b.c"));
  EXPECT_THROW(decode_token(R"({"token":""})"), Error);
  EXPECT_THROW(decode_token(R"({})"), Error);
}

TEST(InstanceJson, HasWhatClientsReadFromIt) {
  const std::string text = encode(Instance{.id = "3c2a",
                                           .user = "anna",
                                           .plan = "standard",
                                           .created_at = time("2026-11-24T06:00:00Z"),
                                           .gpus = 8,
                                           .gpus_used = 3},
                                  "http://127.0.0.1:1");
  EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(R"({
    "metadata": {"guid": "3c2a", "url": "http://127.0.0.1:1/v3/wml_instances/3c2a",
                 "created_at": "2026-11-24T06:00:00.000Z", "modified_at": "2026-11-24T06:00:00.000Z"},
    "entity": {
      "source": "Bluemix", "status": "Active", "plan": "standard", "plan_id": "", "region": "",
      "organization_guid": "", "space_guid": "",
      "account": {"id": "", "name": "anna", "type": ""},
      "owner": {"ibm_id": "", "email": "", "user_id": "anna", "country_code": "",
                "beta_user": false},
      "published_models": {"url": "http://127.0.0.1:1/v3/wml_instances/3c2a/published_models"},
      "deployments": {"url": "http://127.0.0.1:1/v3/wml_instances/3c2a/deployments"},
      "usage": {"expiration_date": "9999-12-31T23:59:59.999Z",
                "gpu_count": {"limit": 8, "current": 3}, "computation_time": {"current": 0},
                "capacity_units": {"current": 0}, "model_count": {"limit": 0, "current": 0},
                "prediction_count": {"current": 0},
                "deployment_count": {"limit": 0, "current": 0}}}})"));
  const InstanceView view = decode_instance(text);
  EXPECT_EQ(view.id, "3c2a");
  EXPECT_EQ(view.url, "http://127.0.0.1:1/v3/wml_instances/3c2a");
  EXPECT_EQ(view.status, "Active");
  EXPECT_EQ(view.plan, "standard");
  EXPECT_EQ(view.gpus, 8u);
  EXPECT_EQ(view.gpus_used, 3u);
}

TEST(FrameworksJson, ReadBackAsWritten) {
  const std::vector<FrameworkView> frameworks{
      {.name = "tensorflow",
       .version = "2.21",
       .aliases = {"latest", "2"},
       .kind = "environment",
       .usable = true,
       .why_not = ""},
      {.name = "caffe",
       .version = "1.0",
       .aliases = {},
       .kind = "image",
       .usable = false,
       .why_not = "neither podman nor docker is installed"}};
  EXPECT_EQ(decode_frameworks(encode_frameworks(frameworks)), frameworks);
  EXPECT_EQ(encode_frameworks({}), R"({"resources":[]})");
}

TEST(StatusJson, ReadsBackAsWritten) {
  const ServiceStatus status{.version = "0.1.0",
                             .started_at = time("2026-11-24T06:00:00.001Z"),
                             .instance = "3c2a",
                             .store_url = "http://127.0.0.1:9000",
                             .slots = {{.id = "GPU-1f0a",
                                        .gpu = true,
                                        .model = "NVIDIA H100 80GB HBM3",
                                        .memory_bytes = 85'899'345'920,
                                        .held_by = "training-DOl4q2LkR",
                                        .unavailable = ""},
                                       {.id = "cpu-0",
                                        .gpu = false,
                                        .model = "2 of 8 cores",
                                        .memory_bytes = 0,
                                        .held_by = "",
                                        .unavailable = "busy"}},
                             .cores = 8,
                             .memory_bytes = 16'000'000'000,
                             .note = "no GPU found",
                             .queued = 5,
                             .active = 2,
                             .warnings = {"no sandbox"}};
  EXPECT_EQ(decode_status(encode(status)), status);
}

TEST(MonitorJson, AFrameReadsBackAndIsTheRecordedShape) {
  const std::string text = encode(MonitorFrame{.state = model::RunState::Running,
                                               .submitted_at = time("2026-11-24T06:00:00Z"),
                                               .current_at = time("2026-11-24T06:00:01Z"),
                                               .message = "step 1\nstep 2\n",
                                               .offset = 12,
                                               .next_offset = 26});
  EXPECT_EQ(text,
            R"({"status":{"state":"running","submitted_at":"2026-11-24T06:00:00.000Z",)"
            R"("current_at":"2026-11-24T06:00:01.000Z","message":"step 1\nstep 2\n","offset":12,)"
            R"("next_offset":26,"metrics":[]}})");
  const MonitorFrame frame = decode_monitor_frame(text);
  EXPECT_EQ(frame.state, model::RunState::Running);
  EXPECT_EQ(frame.submitted_at, time("2026-11-24T06:00:00Z"));
  EXPECT_EQ(frame.current_at, time("2026-11-24T06:00:01Z"));
  EXPECT_EQ(frame.message, "step 1\nstep 2\n");
  EXPECT_EQ(frame.offset, 12u);
  EXPECT_EQ(frame.next_offset, 26u);
}

TEST(MonitorJson, FramesWithoutPartsAreFrames) {
  EXPECT_FALSE(decode_monitor_frame("{}").state);
  EXPECT_FALSE(decode_monitor_frame(R"({"status":{"state":"STORING"}})").state);
  EXPECT_EQ(encode(MonitorFrame{}), R"({"status":{"metrics":[]}})");
  EXPECT_THROW(decode_monitor_frame("step 1"), Error);
}

TEST(MonitorJson, AFullChunkFitsAFrameWhateverItsBytes) {
  for (const char byte : {'\x01', '\xFF', '"', 'x'}) {
    EXPECT_LT(encode(MonitorFrame{.state = model::RunState::Running,
                                  .submitted_at = TimePoint{},
                                  .current_at = TimePoint{},
                                  .message = std::string(kMonitorChunk, byte)})
                  .size(),
              32'768u);
  }
}

}  // namespace
}  // namespace trainyard::wire
