#include "client/learner_client.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "client/fake_http.hpp"

namespace trainyard::client {
namespace {

constexpr const char* kReports = "POST /v3/learners/training-DOl4q2LkR/reports";
constexpr const char* kLog = "PUT /v3/learners/training-DOl4q2LkR/logs/training-log.txt?offset=10";
constexpr const char* kDefinition = "GET /v3/learners/training-DOl4q2LkR/definition";

class LearnerClientTest : public ::testing::Test {
 protected:
  ErrorKind kind_for(int status, const std::string& body) {
    FakeHttp http;
    http.on(kReports, status, body);
    return kind_of([&] { make(http)->report({}, {}); });
  }
  static std::unique_ptr<LearnerClient> make(FakeHttp& http) {
    return make_learner_client(http, FakeHttp::kUrl, *model::RunId::parse("training-DOl4q2LkR"),
                               Secret("learner-token"));
  }

  FakeHttp http_;
  std::unique_ptr<LearnerClient> client_ = make(http_);
};

TEST_F(LearnerClientTest, ReportsWithItsToken) {
  http_.on(kReports, 200,
           wire::encode(wire::ReportAnswer{.next_sequence = 3, .cancel_requested = true}));
  const auto answer = client_->report({.attempt = 2, .first_sequence = 3}, {});
  EXPECT_EQ(answer.next_sequence, 3u);
  EXPECT_TRUE(answer.cancel_requested);
  const auto& request = http_.requests.at(0);
  EXPECT_EQ(request.headers.get("Authorization"), "Bearer learner-token");
  EXPECT_EQ(wire::decode_report(request.body).attempt, 2u);
}

TEST_F(LearnerClientTest, SendsLogBytesByOffsetAndReadsTheSizeAlsoAfterAGap) {
  http_.on(kLog, 200, wire::encode_log_size(15)).on(kLog, 409, wire::encode_log_size(4));
  EXPECT_EQ(client_->append_log("training-log.txt", 10, "bytes", {}), 15u);
  EXPECT_EQ(http_.requests.at(0).body, "bytes");
  EXPECT_EQ(client_->append_log("training-log.txt", 10, "bytes", {}), 4u);
}

TEST_F(LearnerClientTest, FetchesTheDefinitionThroughTheSink) {
  http_.on(kDefinition, 200, "PK zip").on(kDefinition, 503, "later");
  std::string got;
  const auto sink = [&](std::string_view bytes) { got += bytes; };
  client_->definition(sink, {});
  EXPECT_EQ(got, "PK zip");
  EXPECT_THROW(client_->definition(sink, {}), Error);
  EXPECT_EQ(got, "PK zip");
}

TEST_F(LearnerClientTest, OnlyTheServicesOwnWordEndsARun) {
  EXPECT_EQ(kind_for(404, FakeHttp::error_body("the run is gone")), ErrorKind::NotFound);
  EXPECT_EQ(kind_for(410, FakeHttp::error_body("the run was deleted")), ErrorKind::NotFound);
  EXPECT_EQ(kind_for(403, FakeHttp::error_body("the log is closed")), ErrorKind::Forbidden);
  EXPECT_EQ(kind_for(404, "<html>nothing here</html>"), ErrorKind::Unavailable);
  EXPECT_EQ(kind_for(403, "<html>not through this proxy</html>"), ErrorKind::Unavailable);
}

TEST_F(LearnerClientTest, TellsWhatMayBeTriedAgain) {
  EXPECT_EQ(kind_for(503, ""), ErrorKind::Unavailable);
  EXPECT_EQ(kind_for(502, "bad gateway"), ErrorKind::Unavailable);
  EXPECT_EQ(kind_for(429, ""), ErrorKind::Unavailable);
  EXPECT_EQ(kind_for(401, ""), ErrorKind::Unauthenticated);
  EXPECT_EQ(kind_for(409, ""), ErrorKind::Conflict);
  EXPECT_EQ(kind_for(400, ""), ErrorKind::Internal);
}

}  // namespace
}  // namespace trainyard::client
