#include "api/conditional.hpp"

#include <gmock/gmock.h>

#include "api/api_fixture.hpp"
#include "api/metrics.hpp"

namespace trainyard::api {
namespace {

using ::testing::HasSubstr;

TEST(Etag, IsFoundInAListWhateverItsStrength) {
  EXPECT_TRUE(etag_listed(R"("a", W/"b" ,"c")", R"("b")"));
  EXPECT_TRUE(etag_listed(R"("a")", R"(W/"a")"));
  EXPECT_TRUE(etag_listed("*", R"("a")"));
  EXPECT_FALSE(etag_listed(R"("a1", "")", R"("a")"));
  EXPECT_FALSE(etag_listed("", R"("a")"));
}

class ConditionalTest : public ApiTest {
 protected:
  http::ClientResponse get(const std::string& path, const std::string& etag) {
    http::ClientRequest request;
    request.url = url_ + path;
    request.headers.add("Authorization", token_);
    request.headers.add("If-None-Match", etag);
    return client_->send(request);
  }
};

TEST_F(ConditionalTest, ARunThatDidNotChangeIsNotSentAgain) {
  const auto run = submitted();
  const auto path = "/v3/models/" + run.str();
  const auto first = send("GET", path);
  const auto etag = first.headers.get("ETag");
  ASSERT_TRUE(etag);
  const auto again = get(path, *etag);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.headers.get("ETag"), etag);
  send("PATCH", path, wire::encode_cancel());
  const auto changed = get(path, *etag);
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.headers.get("ETag"), etag);
}

TEST_F(ConditionalTest, WhatChangedMeanwhileIsNeitherChangedNorRemoved) {
  const auto url = definition();
  const auto experiment =
      send("POST", "/v3/experiments", experiment_request(url).dump()).headers.get("Location");
  const auto started = send("POST", *experiment + "/runs").body;
  const auto run = *experiment + "/runs/" +
                   nlohmann::json::parse(started)["metadata"]["guid"].get<std::string>();
  const std::string patch = R"([{"op":"replace","path":"/settings/name","value":"new"}])";
  const auto status = [&](const std::string& method, const std::string& path,
                          const std::string& etag, const std::string& body = "") {
    return send(method, path, body, token_, {{"If-Match", etag}}).status;
  };
  const auto etag_of = [&](const std::string& path) {
    return send("GET", path).headers.get("ETag").value();
  };
  const auto first = etag_of(*experiment);
  EXPECT_EQ(status("PATCH", *experiment, first, patch), 200);
  EXPECT_EQ(status("PATCH", *experiment, first, patch), 412);
  EXPECT_EQ(status("DELETE", *experiment, first), 412);
  const auto training = "/v3/models/" + submitted().str();
  for (const std::string& path : {training, run}) {
    const auto seen = etag_of(path);
    EXPECT_EQ(status("PATCH", path, "\"other\"", wire::encode_cancel()), 412);
    EXPECT_EQ(status("PATCH", path, seen, wire::encode_cancel()), 204);
    EXPECT_EQ(status("DELETE", path, seen), 412);
    EXPECT_EQ(status("DELETE", path, "\"other\", " + etag_of(path)), 204);
  }
  const auto refused = send("DELETE", url, "", token_, {{"If-Match", "\"other\""}});
  EXPECT_EQ(refused.status, 412);
  EXPECT_THAT(refused.body, HasSubstr("GET it again"));
  EXPECT_EQ(status("DELETE", url, "*"), 204);
  EXPECT_EQ(status("DELETE", *experiment, "*"), 204);
}

TEST_F(ConditionalTest, WhatMustNotBeKeptHasNoEtag) {
  const auto login = send("GET", "/v3/identity/token", "", "Basic " + base64_encode("ann:right"));
  EXPECT_FALSE(login.headers.get("ETag"));
  EXPECT_EQ(login.headers.get("Cache-Control"), "no-store");
  EXPECT_FALSE(send("GET", "/v3/models/training-xxxxxxxxx").headers.get("ETag"));
  EXPECT_FALSE(send("GET", "/metrics").headers.get("ETag"));
}

TEST_F(ConditionalTest, AnErrorIsTracedByTheIdOfItsRequest) {
  const auto missing = send("GET", "/v3/models/training-xxxxxxxxx");
  const auto id = missing.headers.get("X-Request-Id");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->size(), 32u);
  EXPECT_THAT(missing.body, HasSubstr(R"({"trace":")" + *id + R"(","errors":[)"));
}

TEST_F(ConditionalTest, MetricsCountCallsByRouteAndRunsByState) {
  dispatched();
  submitted();
  hub_.count_end(model::RunState::Error);
  send("GET", "/v3/models/training-xxxxxxxxx");
  send("GET", "/nothing");
  send("BREW", "/v3/models");
  http::ClientRequest malformed;
  malformed.url = url_ + "/%zz";
  EXPECT_EQ(client_->send(malformed).status, 400);
  const auto answer = send("GET", "/metrics", "", "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"http_requests_total{method=\"POST\",route=\"/v3/models\",code=\"202\"} 2\n",
        "http_requests_total{method=\"GET\",route=\"/v3/models/{id}\",code=\"404\"} 1\n",
        "http_requests_total{method=\"GET\",route=\"none\",code=\"404\"} 1\n",
        "http_requests_total{method=\"other\",route=\"none\",code=\"405\"} 1\n",
        "http_requests_total{method=\"GET\",route=\"none\",code=\"400\"} 1\n",
        "http_request_duration_seconds_bucket{method=\"POST\",route=\"/v3/models\",le=\"+Inf\"} "
        "2\n",
        "http_request_duration_seconds_count{method=\"POST\",route=\"/v3/models\"} 2\n",
        "# TYPE http_request_duration_seconds histogram\n", "trainyard_runs{state=\"pending\"} 2\n",
        "trainyard_queue_length 1\n", "trainyard_slots{state=\"held\"} 1\n",
        "trainyard_slots{state=\"free\"} 3\n", "trainyard_runs_ended_total{state=\"error\"} 1\n",
        "# TYPE process_resident_memory_bytes gauge\n"}) {
    EXPECT_THAT(answer.body, HasSubstr(line));
  }
  EXPECT_EQ(answer.body.find("training-"), std::string::npos);
}

TEST(Metrics, PutsADurationIntoTheFirstBucketThatHoldsIt) {
  using std::chrono::milliseconds;
  Metrics metrics;
  for (const int ms : {1, 3, 200, 60'000}) metrics.observe("GET", "/x", 200, milliseconds(ms));
  const auto text = metrics.text();
  const auto bucket = [&](const std::string& bound, int count) {
    EXPECT_THAT(text, HasSubstr("http_request_duration_seconds_bucket{method=\"GET\",route=\"/x\","
                                "le=\"" +
                                bound + "\"} " + std::to_string(count) + "\n"));
  };
  bucket("0.001", 1);
  bucket("0.005", 2);
  bucket("0.25", 3);
  bucket("10", 3);
  bucket("+Inf", 4);
  EXPECT_THAT(text,
              HasSubstr("http_request_duration_seconds_sum{method=\"GET\",route=\"/x\"} 60.204\n"));
}

TEST(Metrics, TellTheProcess) {
  const auto text = process_metrics();
  for (const char* name : {"process_cpu_seconds_total", "process_start_time_seconds",
                           "process_resident_memory_bytes", "process_open_fds"}) {
    const auto at = text.find(std::string("\n") + name + " ");
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GE(std::stod(text.substr(at + 2 + std::string(name).size())), 0) << name;
  }
}

}  // namespace
}  // namespace trainyard::api
