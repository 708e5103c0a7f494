#include "client/api_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "client/fake_http.hpp"

namespace trainyard::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kRun = R"({"metadata":{"guid":"training-DOl4q2LkR",
  "url":"/v3/models/training-DOl4q2LkR","created_at":"2017-10-26T11:10:37Z",
  "modified_at":"2017-10-26T11:10:37Z"},"entity":{"model_definition":{"framework":
  {"name":"tensorflow","version":"1.2-py3"},"name":"tf-mnist","execution":{"command":"x",
  "compute_configuration":{"name":"small"}}},"training_data_reference":{"type":"s3",
  "connection":{"endpoint_url":"http://h"},"location":{"bucket":"in"}},
  "training_results_reference":{"type":"s3","connection":{"endpoint_url":"http://h"},
  "location":{"bucket":"out"}},"status":{"state":"pending",
  "submitted_at":"2017-10-26T11:10:37Z","current_at":"2017-10-26T11:10:37Z","metrics":[]}}})";

constexpr const char* kDefinition = R"({"metadata":{"guid":"d","url":
  "http://elsewhere/v3/ml_assets/training_definitions/d","created_at":"2017-10-26T11:10:37Z"},
  "entity":{"name":"n","framework":{"name":"f","version":"1"},"training_definition_version":
  {"guid":"v","url":"http://elsewhere/v3/v","content_url":"http://elsewhere/v3/d/content",
  "content_status":{"state":"no_content"}}}})";

class ApiClientTest : public testing::Test {
 protected:
  ApiClientTest() { http.with_token(); }

  std::string read_log(const LogRequest& request) {
    std::string text;
    api.log("r", request, [&](std::string_view bytes) { text += bytes; });
    return text;
  }

  FakeHttp http;
  EagerClock clock;
  std::stop_source stop;
  ApiClient api{http, clock, {FakeHttp::kUrl, "ada", Secret("hunter2"), "inst"}, stop.get_token()};
};

TEST_F(ApiClientTest, AsksForATokenOnceAndShowsItWithEveryCall) {
  http.on("GET /v3/models/r", 200, kRun);
  EXPECT_EQ(api.run("r").id, "training-DOl4q2LkR");
  EXPECT_EQ(api.run("r").name, "tf-mnist");
  EXPECT_THAT(http.lines(),
              ElementsAre("GET /v3/identity/token", "GET /v3/models/r", "GET /v3/models/r"));
  EXPECT_EQ(http.requests[0].headers.get("Authorization"), "Basic YWRhOmh1bnRlcjI=");
  EXPECT_EQ(http.requests[1].headers.get("Authorization"), "Bearer fake-token");
  EXPECT_EQ(http.requests[1].headers.get("ML-Instance-ID"), "inst");
}

TEST_F(ApiClientTest, TheAddressOfSomethingElseIsNamedAsThat) {
  FakeHttp other;
  ApiClient lost(other, clock, {FakeHttp::kUrl, "ada", Secret("hunter2"), ""});
  const auto answer = [&](int status, const std::string& type, const std::string& body) {
    other.on("GET /v3/identity/token",
             {.status = status, .headers = {{"Content-Type", type}}, .body = body});
  };
  answer(400, "application/xml", "<Error><Code>InvalidRequest</Code></Error>");
  answer(401, "text/html", "<html>log in</html>");
  answer(200, "text/html; charset=utf-8", "<html>welcome</html>");
  answer(502, "text/html", "<html>bad gateway</html>");
  std::string text;
  EXPECT_EQ(kind_of([&] { lost.run("r"); }, &text), ErrorKind::InvalidInput);
  EXPECT_EQ(text,
            "http://service:1 is the address of an object store, not of the service: set ML_ENV to "
            "the address that `trainyard serve` prints after \"api\"");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(kind_of([&] { lost.run("r"); }, &text), ErrorKind::InvalidInput);
    EXPECT_THAT(text, HasSubstr("is the address of a web server, not of the service"));
  }
  EXPECT_EQ(kind_of([&] { lost.run("r"); }), ErrorKind::Unavailable);  // a proxy before ours
}

TEST_F(ApiClientTest, ATokenThatIsTakenNoMoreIsRenewedAndTheBodySentAgain) {
  http.on("GET /v3/models/r", 200, kRun);
  api.run("r");
  http.on("PATCH /v3/models/r", 401, FakeHttp::error_body("the token is too old"));
  http.on("PATCH /v3/models/r", 204, "");
  http.on("GET /v3/identity/token", 200, R"({"token":"second"})");
  api.cancel("r");
  ASSERT_EQ(http.requests.size(), 5u);
  EXPECT_EQ(http.requests[4].line, "PATCH /v3/models/r");
  EXPECT_EQ(http.requests[4].body, http.requests[2].body);
  EXPECT_THAT(http.requests[4].body, HasSubstr("canceled"));
}

TEST_F(ApiClientTest, AWrongPasswordIsSaidWithoutRepeatingIt) {
  FakeHttp refusing;
  refusing.on("GET /v3/identity/token", 401, FakeHttp::error_body("no"));
  ApiClient client(refusing, clock, {FakeHttp::kUrl, "ada", Secret("hunter2"), ""});
  std::string text;
  EXPECT_EQ(kind_of([&] { client.run_json("r"); }, &text), ErrorKind::Unauthenticated);
  EXPECT_THAT(text, HasSubstr("ML_PASSWORD"));
  EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
  EXPECT_EQ(refusing.requests.size(), 1u);
}

TEST_F(ApiClientTest, ARefusalCarriesTheServicesSentence) {
  struct Case {
    int status;
    ErrorKind kind;
  };
  for (const auto& c : {Case{400, ErrorKind::InvalidInput}, Case{404, ErrorKind::NotFound},
                        Case{403, ErrorKind::Forbidden}, Case{409, ErrorKind::Conflict},
                        Case{413, ErrorKind::TooLarge}, Case{422, ErrorKind::InvalidInput},
                        Case{500, ErrorKind::Internal}, Case{503, ErrorKind::Unavailable},
                        Case{507, ErrorKind::Exhausted}}) {
    const auto path = "GET /v3/models/r" + std::to_string(c.status);
    http.on(path, c.status, FakeHttp::error_body("because of that"));
    std::string text;
    EXPECT_EQ(kind_of([&] { api.run_json("r" + std::to_string(c.status)); }, &text), c.kind);
    EXPECT_EQ(text, "because of that");
  }
}

TEST_F(ApiClientTest, AServiceThatDoesNotAnswerSaysHowToStartIt) {
  http.on("GET /v3/status", FakeHttp::unreachable());
  std::string text;
  EXPECT_EQ(kind_of([&] { api.status_json(); }, &text), ErrorKind::Unavailable);
  EXPECT_THAT(text, HasSubstr("http://service:1 does not answer"));
  EXPECT_THAT(text, HasSubstr("trainyard serve"));
}

TEST_F(ApiClientTest, IdsAreEncodedIntoThePath) {
  kind_of([&] { api.run_json("../a b"); });
  EXPECT_EQ(http.requests.back().line, "GET /v3/models/..%2Fa%20b");
}

class TrainTest : public ApiClientTest {
 protected:
  TrainTest() {
    write_file_atomic(dir.path() / "m.zip", std::string(10'000, 'z'));
    http.on("POST /v3/ml_assets/training_definitions", 201, kDefinition);
  }
  TempDir dir;
  fs::path zip = dir.path() / "m.zip";
};

TEST_F(TrainTest, UploadsTheZipAndStartsTheRun) {
  http.on("PUT /v3/d/content", 200, R"({"ok":"true"})");
  http.on("POST /v3/models", 202, kRun);
  std::uint64_t told = 0;
  const auto run = api.train({}, zip, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 10'000u);
    told = done;
  });
  EXPECT_EQ(run.id, "training-DOl4q2LkR");
  EXPECT_EQ(told, 10'000u);
  ASSERT_EQ(http.requests.size(), 4u);
  // The token goes to the service as it was reached, not where its answer points.
  EXPECT_EQ(http.requests[2].url, "http://service:1/v3/d/content");
  EXPECT_EQ(http.requests[2].body, std::string(10'000, 'z'));
  EXPECT_THAT(
      http.requests[3].body,
      HasSubstr(R"("definition_href":"http://elsewhere/v3/ml_assets/training_definitions/d")"));
}

TEST_F(TrainTest, StartsNothingWhenTheZipIsRefused) {
  http.on("PUT /v3/d/content", 400, FakeHttp::error_body("this is a gzip file"));
  std::string text;
  EXPECT_EQ(kind_of([&] { api.train({}, zip); }, &text), ErrorKind::InvalidInput);
  EXPECT_EQ(text, "this is a gzip file");
  EXPECT_EQ(http.requests.back().line, "PUT /v3/d/content");
}

// The service waits long for an object store that hangs: nobody waits for that three
// times.
TEST_F(TrainTest, AStartThatFailedAfterLongIsNotTriedAgain) {
  http.on("PUT /v3/d/content", 200, R"({"ok":"true"})");
  http.on("POST /v3/models", [&](const auto&) -> http::ClientResponse {
    clock.sleep_for(Milliseconds(20'000), {});
    return {.status = 504, .headers = {}, .body = FakeHttp::error_body("did not finish")};
  });
  EXPECT_EQ(kind_of([&] { api.train({}, zip); }), ErrorKind::Timeout);
  EXPECT_EQ(http.requests.size(), 4u);
}

TEST_F(TrainTest, ALostAnswerToTheStartIsAskedForAgainUnderTheSameKey) {
  http.on("PUT /v3/d/content", 200, R"({"ok":"true"})");
  http.on("POST /v3/models", FakeHttp::unreachable());
  http.on("POST /v3/models", 202, kRun);
  api.train({}, zip);
  ASSERT_EQ(http.requests.size(), 5u);
  const auto key = http.requests[3].headers.get("Idempotency-Key");
  ASSERT_TRUE(key && key->size() == 36u);
  EXPECT_EQ(http.requests[4].headers.get("Idempotency-Key"), key);
  EXPECT_EQ(http.requests[4].body, http.requests[3].body);
}

TEST_F(ApiClientTest, ListsAllPages) {
  http.on("GET /v3/models?view=summary&limit=10000", 200,
          R"({"resources":[{"id":"a","state":"running"},{"id":"b","state":"error"}],
              "next":{"url":"http://proxy/v3/models?view=summary&start=b"}})");
  http.on("GET /v3/models?view=summary&start=b", 200,
          R"({"resources":[{"id":"c","state":"completed"}]})");
  std::vector<std::string> ids;
  api.runs([&](const wire::RunView& run) { ids.push_back(run.id); });
  EXPECT_THAT(ids, ElementsAre("a", "b", "c"));
}

TEST_F(ApiClientTest, AFollowedLogGoesOnWhereTheConnectionWasLost) {
  http.on("GET /v3/models/r/logs/training-log.txt?last=2&follow=true",
          FakeHttp::cut_after("line 8\nli", 70));
  http.on("GET /v3/models/r/logs/training-log.txt?offset=79&follow=true", FakeHttp::unreachable());
  http.on("GET /v3/models/r/logs/training-log.txt?offset=79&follow=true",
          {.status = 200, .headers = {{"X-Log-Offset", "79"}}, .body = "ne 9\nend\n"});
  EXPECT_EQ(read_log({.last_lines = 2, .follow = true}), "line 8\nline 9\nend\n");
  EXPECT_EQ(clock.slept, Milliseconds(1000));
}

TEST_F(ApiClientTest, ALogThatCannotBeReachedAtFirstIsAnError) {
  http.on("GET /v3/models/r/logs/training-log.txt?offset=0&follow=true", FakeHttp::unreachable());
  EXPECT_EQ(kind_of([&] { read_log({.follow = true}); }), ErrorKind::Unavailable);
}

TEST_F(ApiClientTest, AnInterruptedFollowEnds) {
  http.on("GET /v3/models/r/logs/training-log.txt?offset=0&follow=true",
          FakeHttp::cut_after("x", 0));
  stop.request_stop();
  EXPECT_EQ(kind_of([&] { read_log({.follow = true}); }), ErrorKind::Canceled);
}

TEST(FileSource, TellsHowFarItIsAndCanBeginAgain) {
  const TempDir dir;
  write_file_atomic(dir.path() / "f", "0123456789");
  std::uint64_t told = 0;
  FileSource source(dir.path() / "f", [&](std::uint64_t done, std::uint64_t) { told = done; });
  char into[8];
  EXPECT_EQ(source.read(into, 8), 8u);
  EXPECT_EQ(told, 8u);
  EXPECT_EQ(source.read(into, 8), 2u);
  EXPECT_EQ(source.read(into, 8), 0u);
  source.rewind();
  EXPECT_EQ(source.read(into, 3), 3u);
  EXPECT_EQ(std::string(into, 3), "012");
}

TEST(FileSource, AFileThatShrinksIsAnError) {
  const TempDir dir;
  write_file_atomic(dir.path() / "f", "0123456789");
  FileSource source(dir.path() / "f");
  fs::resize_file(dir.path() / "f", 4);
  char into[16];
  EXPECT_EQ(source.read(into, 4), 4u);
  EXPECT_THROW(source.read(into, 16), Error);
}

}  // namespace
}  // namespace trainyard::client
