#include <fmt/format.h>
#include <gmock/gmock.h>

#include "accounts/password.hpp"
#include "api/api_fixture.hpp"
#include "http/websocket_client.hpp"
#include "wire/account.hpp"
#include "wire/monitor.hpp"

namespace trainyard::api {
namespace {

using model::Phase;
using model::RunState;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ApiTest, TokensAreGivenForThePasswordOnly) {
  for (const char* path : {"/v3/identity/token", "/v2/identity/token"}) {
    EXPECT_EQ(send("GET", path, "", "Basic " + base64_encode("ann:right")).status, 200);
    EXPECT_EQ(send("GET", path, "", "Basic " + base64_encode("ann:wrong")).status, 401);
    EXPECT_EQ(send("GET", path, "", "Basic " + base64_encode("bob:right")).status, 401);
    EXPECT_EQ(send("GET", path, "", "").status, 401);
    EXPECT_EQ(send("GET", path, "", "Basic ***").status, 400);
  }
}

TEST_F(ApiTest, AnExpiredTokenIsRefusedAndMayBeRenewed) {
  clock_.advance(std::chrono::hours(13));
  EXPECT_EQ(send("GET", "/v3/models").status, 401);
  const std::string old = R"({"token":")" + token_.substr(7) + R"("})";
  const auto renewed = send("PUT", "/v3/identity/token", old, "");
  ASSERT_EQ(renewed.status, 200);
  token_ = "bearer " + wire::decode_token(renewed.body).reveal();
  EXPECT_EQ(send("GET", "/v3/models").status, 200);
  clock_.advance(std::chrono::hours(24 * 60));
  EXPECT_EQ(send("PUT", "/v3/identity/token", old, "").status, 401);
}

TEST_F(ApiTest, ErrorsAreOneLineOfJson) {
  const auto unknown = send("GET", "/v3/models/training-xxxxxxxxx");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr(R"("errors":[{"code":"not_found","message":"there is no)"));
  EXPECT_THAT(unknown.body, Not(HasSubstr("\n")));
  EXPECT_EQ(send("GET", "/nothing").status, 404);
  const auto wrong = send("POST", "/v3/models/training-xxxxxxxxx", "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("Allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
  EXPECT_THAT(wrong.body, HasSubstr("but GET, HEAD, PATCH, DELETE, OPTIONS is"));
  EXPECT_EQ(send("GET", "/v3/models", "", "").status, 401);
  EXPECT_EQ(send("GET", "/v3/models", "", token_ + "x").status, 401);
}

TEST_F(ApiTest, OptionsSayWhatAPathAllows) {
  const auto options = send("OPTIONS", "/v3/models", "", "");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.get("Allow"), "POST, GET, HEAD, OPTIONS");
  EXPECT_EQ(send("OPTIONS", "/nothing", "", "").status, 404);
  // Both /v3/models/checks and /v3/models/{id}.
  EXPECT_EQ(send("OPTIONS", "/v3/models/checks", "", "").headers.get("Allow"),
            "POST, GET, HEAD, PATCH, DELETE, OPTIONS");
}

TEST_F(ApiTest, ARefusedLoginNamesTheSchemeThatThePathTakes) {
  const auto scheme = [&](const std::string& path) {
    return send("GET", path, "", "").headers.get("WWW-Authenticate");
  };
  EXPECT_EQ(scheme("/v3/identity/token"), "Basic realm=\"trainyard\"");
  EXPECT_EQ(scheme("/v3/models"), "Bearer realm=\"trainyard\"");
}

TEST_F(ApiTest, AHostThatNoHostIsCalledIsRefused) {
  const auto status = [&](const std::string& host) {
    return send("GET", "/v3/models", "", token_, {{"Host", host}}).status;
  };
  for (const char* host : {"train.example.org", "[::1]:7331", "h_1-x:80"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host : {"a b", "h/x", "u@h", "h\"", "<h>"}) EXPECT_EQ(status(host), 400) << host;
}

class ProxyTest : public ApiTest {
 protected:
  explicit ProxyTest(bool behind_proxy = true) : ApiTest({.behind_proxy = behind_proxy}) {}
  std::string location(const std::string& protocol) {
    return send("POST", "/v3/ml_assets/training_definitions",
                R"({"name":"d","framework":{"name":"python","version":"system"}})", token_,
                {{"Host", "train.example.org"}, {"X-Forwarded-Proto", protocol}})
        .headers.get("Location")
        .value_or("");
  }
  // Of the i-th user there might be, with a password that needs no hashing to be wrong.
  int wrong_login(int i, const std::string& forwarded_for) {
    const auto login = fmt::format("user{}:{}", i, std::string(accounts::kMostPassword + 1, 'x'));
    return send("GET", "/v3/identity/token", "", "Basic " + base64_encode(login),
                {{"X-Forwarded-For", forwarded_for}})
        .status;
  }
};
class NoProxyTest : public ProxyTest {
 protected:
  NoProxyTest() : ProxyTest(false) {}
};

TEST_F(ProxyTest, AddressesSpeakWhatTheClientDoes) {
  EXPECT_THAT(location("https"), ::testing::StartsWith("https://train.example.org/v3/"));
  EXPECT_THAT(location("http"), ::testing::StartsWith("http://train.example.org/v3/"));
}

TEST_F(ProxyTest, WrongPasswordsCountForTheAddressThatTheProxyAdds) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(wrong_login(i, "10.0.0.1, 192.0.2.1"), 401);
  EXPECT_EQ(wrong_login(50, "10.0.0.2, 192.0.2.1"), 429);
  EXPECT_EQ(wrong_login(50, "192.0.2.1, 192.0.2.2"), 401);
  EXPECT_EQ(wrong_login(51, "unknown"), 401);
  const auto seen = wire::decode_audit(send("GET", "/v3/audit?last=2").body);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].peer, "192.0.2.2");
  EXPECT_THAT(seen[1].peer, ::testing::StartsWith("127.0.0.1:"));
}

TEST_F(NoProxyTest, TheHeaderOfAProxyCountsForNothing) {
  EXPECT_THAT(location("https"), ::testing::StartsWith("http://train.example.org/v3/"));
  EXPECT_EQ(wrong_login(0, "192.0.2.1"), 401);
  const auto seen = wire::decode_audit(send("GET", "/v3/audit?last=1").body);
  EXPECT_THAT(seen.at(0).peer, ::testing::StartsWith("127.0.0.1:"));
}

TEST_F(ApiTest, AnErrorSaysWhatToDo) {
  const auto expect = [&](const std::string& path, const std::string& remedy) {
    EXPECT_THAT(send("GET", path).body, HasSubstr(remedy));
  };
  expect("/nothing", "GET /openapi.json lists what there is");
  expect("/v3/wml_instances/instance-1/deployments/x", "is in its results bucket");
  expect("/v3/ml_assets/training_definitions/x", "`bx ml list training-definitions` shows");
  expect("/v3/users/x", "`trainyard user list` shows");
  expect("/v3/tokens/x", "`trainyard token list` shows");
  EXPECT_THAT(send("PUT", "/v3/identity/token", "x", "").body,
              HasSubstr("is not JSON (at byte 1); it must be a JSON object"));
}

TEST_F(ApiTest, DefinitionsHaveAbsoluteUrlsAndTakeZipsOnly) {
  const std::string url = definition();
  EXPECT_THAT(url, ::testing::StartsWith(url_ + "/v3/ml_assets/training_definitions/"));
  const auto read = send("GET", url);
  EXPECT_EQ(read.status, 200);
  const auto view = wire::decode_definition(read.body);
  EXPECT_EQ(view.content_state, "persisted");
  EXPECT_EQ(send("GET", view.content_url).body, zip());
  const auto refused = send("PUT", view.content_url, "\x1f\x8b gzip");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("gzip file; only zip is taken"));
  EXPECT_EQ(send("DELETE", url).status, 204);
  EXPECT_EQ(send("GET", url).status, 404);
}

TEST_F(ApiTest, ARunIsTakenAndShownWithItsSecretsMasked) {
  const auto run = submitted();
  const auto read = send("GET", "/v3/models/" + run.str());
  ASSERT_EQ(read.status, 200);
  EXPECT_THAT(read.body, Not(HasSubstr("hush")));
  const auto view = wire::decode_run(read.body);
  EXPECT_EQ(view.state, RunState::Pending);
  EXPECT_EQ(view.url, "/v3/models/" + run.str());
  EXPECT_EQ(view.training_data.bucket, "data");
  ASSERT_TRUE(view.queue);
  EXPECT_EQ(view.queue->place, 1u);
}

TEST_F(ApiTest, ABadRequestNamesWhatIsWrongAndLeavesNoRun) {
  const std::string url = definition();
  const auto refused = [&](const std::string& body, const std::string& expected) {
    const auto answer = send("POST", "/v3/models", body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(expected));
  };
  refused("{}", R"("message":"\"model_definition\" is missing)");
  refused("not json", "");
  refused(run_request(url_ + "/v3/ml_assets/training_definitions/none"),
          "names no training definition");
  refused(run_request(url, "pythn"), "did you mean python");
  refused(run_request(url, "caffe", "system"), "not installed");
  auto huge = run_request(url);
  huge.replace(huge.find("k80"), 3, "k80x4\",\"nodes\":3,\"x\":\"");
  refused(huge, "nodes");
  EXPECT_TRUE(wire::decode_run_list(send("GET", "/v3/models").body).runs.empty());
}

TEST_F(ApiTest, ARepeatedKeyIsAnsweredWithTheRunAlsoWhenItsDefinitionIsGone) {
  const std::string url = definition();
  const auto start = [&](const std::string& body, const std::string& key) {
    return send("POST", "/v3/models", body, token_, {{"Idempotency-Key", key}});
  };
  const auto first = start(run_request(url), "k");
  ASSERT_EQ(first.status, 202);
  const auto other = start(run_request(url) + " ", "k");
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(other.body, HasSubstr("take another key"));
  EXPECT_EQ(send("DELETE", url).status, 204);
  const auto again = start(run_request(url), "k");
  EXPECT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(wire::decode_run(again.body).id, wire::decode_run(first.body).id);
  const auto empty = start(run_request(url), "");
  EXPECT_EQ(empty.status, 400);
  EXPECT_THAT(empty.body, HasSubstr("Idempotency-Key is empty"));
}

TEST_F(ApiTest, ARunIsCheckedWithoutBeingStarted) {
  const auto check = [&](const std::string& body) {
    return send("POST", "/v3/models/checks", body);
  };
  EXPECT_EQ(check(run_request("")).status, 200);
  EXPECT_EQ(check(run_request(definition())).body, R"({"ok":"true"})");
  const auto refused = check(run_request("", "pythn"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("did you mean python"));
  auto large = run_request("");
  large.replace(large.find("\"name\":\"k80\""), 12, "\"gpus\":99");
  EXPECT_THAT(check(large).body, HasSubstr("99"));
  EXPECT_EQ(check(large).status, 400);
  large.replace(large.find("\"python\""), 8, "\"pythn\"");  // both at once
  EXPECT_THAT(check(large).body, AllOf(HasSubstr("did you mean python"), HasSubstr("99")));
  EXPECT_EQ(check(run_request(url_ + "/v3/ml_assets/training_definitions/none")).status, 400);
  EXPECT_TRUE(wire::decode_run_list(send("GET", "/v3/models").body).runs.empty());
}

TEST_F(ApiTest, ADefinitionWithoutContentStartsNoRun) {
  const auto created = wire::decode_definition(
      send("POST", "/v3/ml_assets/training_definitions",
           R"({"name":"d","framework":{"name":"python","version":"system"}})")
          .body);
  EXPECT_EQ(send("POST", "/v3/models", run_request(created.url)).status, 409);
}

TEST_F(ApiTest, ARunNamesTheVersionThatItsDefinitionHas) {
  const auto url = definition();
  const auto known = wire::decode_definition(send("GET", url).body);
  const auto refused = send("POST", "/v3/models", run_request(url + "/versions/none"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("version \\\"none\\\""));
  EXPECT_THAT(refused.body, HasSubstr(known.version_id));
  EXPECT_EQ(send("POST", "/v3/models", run_request(url + "/versions/" + known.version_id)).status,
            202);
}

TEST_F(ApiTest, ADefinitionTakesVersionsOfWhichTheNewestIsMeant) {
  const auto url = definition();
  const auto first = wire::decode_definition(send("GET", url).body);
  const auto added = send("POST", url,
                          R"({"name":"d2","command":"python3 two.py",
                              "framework":{"name":"python","version":"system"}})");
  EXPECT_EQ(added.status, 201);
  const auto second = wire::decode_definition(added.body);
  EXPECT_EQ(added.headers.get("Location"), url + "/versions/" + second.version_id);
  EXPECT_EQ(second.id, first.id);
  EXPECT_NE(second.version_id, first.version_id);
  EXPECT_EQ(second.created_at, first.created_at);
  EXPECT_EQ(second.content_state, "no_content");

  EXPECT_EQ(nlohmann::json::parse(added.body)["metadata"]["modified_at"],
            "2017-07-14T02:40:00.001Z");

  // As long as the newest has no zip, the first is what runs.
  const auto version_of_run = [&](const std::string& href) {
    const auto answer = send("POST", "/v3/models", run_request(href));
    EXPECT_EQ(answer.status, 202) << answer.body;
    const std::string run = nlohmann::json::parse(answer.body)["metadata"]["url"];
    return nlohmann::json::parse(
        send("GET", run).body)["entity"]["model_definition"]["definition_version"];
  };
  const std::string first_url = url + "/versions/" + first.version_id;
  const std::string second_url = url + "/versions/" + second.version_id;
  const auto early = send("POST", "/v3/models", run_request(second_url));
  EXPECT_EQ(early.status, 409);
  EXPECT_THAT(early.body, HasSubstr(second.version_id));
  EXPECT_EQ(version_of_run(url), first.version_id);
  EXPECT_EQ(send("PUT", second.content_url, zip('b')).status, 200);
  EXPECT_EQ(version_of_run(url), second.version_id);
  EXPECT_EQ(version_of_run(first_url), first.version_id);

  // What a version is made of stays.
  EXPECT_EQ(send("PUT", second.content_url, zip('b')).status, 200);
  const auto other = send("PUT", second.content_url, zip('c'));
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(other.body, HasSubstr("add a version with POST"));

  EXPECT_EQ(send("GET", url + "/content").body, zip('b'));
  EXPECT_EQ(send("GET", first_url + "/content").body, zip());
  EXPECT_EQ(wire::decode_definition(send("GET", url).body).name, "d2");
  EXPECT_EQ(wire::decode_definition(send("GET", first_url).body).name, first.name);
  const auto all = wire::decode_definition_list(send("GET", url + "/versions").body).definitions;
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].version_id, first.version_id);
  EXPECT_EQ(all[1].version_id, second.version_id);
  const auto listed = send("GET", "/v3/ml_assets/training_definitions").body;
  EXPECT_EQ(wire::decode_definition_list(listed).definitions.size(), 1u);

  EXPECT_EQ(send("POST", url, R"({"name":"d"})").status, 400);
  EXPECT_EQ(send("POST", url + "x", "{}").status, 404);
  EXPECT_EQ(send("GET", url + "/versions/none").status, 404);
  EXPECT_EQ(send("DELETE", url).status, 204);
  EXPECT_EQ(send("GET", first_url).status, 404);
}

TEST_F(ApiTest, ListsPageByPageInBothViews) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(submitted().str());
  std::vector<std::string> summaries;
  std::string next = "/v3/models?view=summary&limit=2";
  while (!next.empty()) {
    const auto page = wire::decode_run_list(send("GET", next).body);
    EXPECT_LE(page.runs.size(), 2u);
    for (const auto& run : page.runs) summaries.push_back(run.id);
    next = page.next_url;
  }
  EXPECT_EQ(summaries, ids);  // by submission
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> full;
  for (const auto& run : wire::decode_run_list(send("GET", "/v3/models").body).runs) {
    full.push_back(run.id);
  }
  EXPECT_EQ(full, ids);  // by id, as recorded
  EXPECT_EQ(send("GET", "/v3/models?limit=0").status, 400);
  EXPECT_EQ(send("GET", "/v3/models?view=all").status, 400);
}

TEST_F(ApiTest, AListShowsWhatIsSoAlsoWhenItIsAskedAgain) {
  const auto run = submitted();
  const auto other = submitted();
  const auto first = send("GET", "/v3/models");
  EXPECT_THAT(first.body, Not(HasSubstr("hush")));
  EXPECT_EQ(send("GET", "/v3/models").body, first.body);
  repository::append_retrying(runs_, run, model::CancelRequested{"ann"}, kNow);
  const auto states = [&] {
    std::map<std::string, RunState> result;
    for (const auto& shown : wire::decode_run_list(send("GET", "/v3/models").body).runs) {
      result[shown.id] = shown.state;
    }
    return result;
  };
  const std::map<std::string, RunState> expected{{run.str(), RunState::Canceled},
                                                 {other.str(), RunState::Pending}};
  EXPECT_EQ(states(), expected);
  EXPECT_EQ(states(), expected);
  janitor_->remove({run});
  EXPECT_EQ(states().size(), 1u);
}

TEST_F(ApiTest, ARunShowsItsLastMetricsWhileItTrainsAndAfterwards) {
  const auto run = dispatched();
  report(run, {model::StagingStarted{1}, model::TrainingStarted{1}});
  const auto metrics = [&] {
    const auto one = wire::decode_run(send("GET", "/v3/models/" + run.str()).body).metrics;
    const auto list = wire::decode_run_list(send("GET", "/v3/models").body).runs.at(0).metrics;
    EXPECT_EQ(one, list);
    return one;
  };
  EXPECT_TRUE(metrics().empty());
  std::size_t offset = 0;
  for (const int step : {1, 2}) {
    const std::string line =
        fmt::format(R"({{"grouplabel":"test","etimes":{{"iteration":{}}},"values":{{"acc":0.5}}}})",
                    step) +
        "\n";
    const auto path = "/logs/evaluation-metrics.txt?offset=" + std::to_string(offset);
    EXPECT_EQ(as_learner("PUT", run, path, line).status, 200);
    offset += line.size();
    ASSERT_EQ(metrics().size(), 1u);
    EXPECT_EQ(metrics()[0].iteration, step);
    EXPECT_EQ(metrics()[0].phase, "test");
  }
  report(run, {model::Finished{1, RunState::Completed, {}}}, 3);
  ASSERT_EQ(metrics().size(), 1u);
  EXPECT_EQ(metrics()[0].iteration, 2);
}

TEST_F(ApiTest, CancelTakesAnArrayAndAnObject) {
  const std::string change = R"({"op":"replace","path":"/status/state","value":"canceled"})";
  for (const std::string& body : {change, "[" + change + "]"}) {
    const auto run = submitted();
    EXPECT_EQ(send("PATCH", "/v3/models/" + run.str(), body).status, 204);
    EXPECT_EQ(status(run).state, RunState::Canceled);
    EXPECT_EQ(send("PATCH", "/v3/models/" + run.str(), body).status, 204);
  }
  const auto run = dispatched();
  report(run, {model::Finished{1, RunState::Completed, {}}});
  EXPECT_EQ(send("PATCH", "/v3/models/" + run.str(), change).status, 409);
  EXPECT_EQ(send("PATCH", "/v3/models/" + run.str(), R"({"op":"remove"})").status, 400);
}

TEST_F(ApiTest, DeleteRemovesAnEndedRunAtOnceAndALiveOneWhenItHasEnded) {
  const auto queued = submitted();
  EXPECT_EQ(send("DELETE", "/v3/models/" + queued.str()).status, 204);
  EXPECT_EQ(send("GET", "/v3/models/" + queued.str()).status, 404);
  const auto live = dispatched();
  EXPECT_EQ(send("DELETE", "/v3/models/" + live.str()).status, 204);
  EXPECT_TRUE(status(live).cancel_requested);
  report(live, {model::Finished{1, RunState::Canceled, {}}});
  janitor_->tick();
  EXPECT_EQ(send("GET", "/v3/models/" + live.str()).status, 404);
  EXPECT_THAT(forgotten_, ::testing::ElementsAre(queued, live));
}

TEST_F(ApiTest, ADefinitionThatWasMadeForOneRunGoesWithIt) {
  for (const bool for_one_run : {true, false}) {
    const auto url = definition(for_one_run ? R"(,"for_one_run":true)" : "");
    const auto run = wire::decode_run(send("POST", "/v3/models", run_request(url)).body);
    EXPECT_EQ(send("DELETE", run.url).status, 204);
    EXPECT_EQ(send("GET", url).status, for_one_run ? 404 : 200);
  }
}

TEST_F(ApiTest, ADefinitionThatWasMadeForOneRunStaysOnceItHasAnotherVersion) {
  const auto url = definition(R"(,"for_one_run":true)");
  const auto run = wire::decode_run(send("POST", "/v3/models", run_request(url)).body);
  EXPECT_EQ(send("POST", url,
                 R"({"name":"d","for_one_run":true,
                     "framework":{"name":"python","version":"system"}})")
                .status,
            201);
  EXPECT_EQ(send("DELETE", run.url).status, 204);
  EXPECT_EQ(send("GET", url).status, 200);
}

TEST_F(ApiTest, HistoryLeavesWhenItsTimeIsOver) {
  const auto run = dispatched();
  report(run, {model::Finished{1, RunState::Error, model::Verdict{.code = "C201"}}});
  clock_.advance(std::chrono::hours(24 * 7 - 1));
  janitor_->tick();
  EXPECT_TRUE(runs_.find(run));
  clock_.advance(std::chrono::hours(2));
  janitor_->tick();
  EXPECT_FALSE(runs_.find(run));
}

TEST_F(ApiTest, ARunWhoseResultsAreNowhereElseStaysUntilItIsDeleted) {
  const auto run = dispatched();
  report(run, {model::Finished{1, RunState::Error, model::Verdict{.code = "S303"}}});
  unsaved_results_ = true;
  clock_.advance(std::chrono::hours(24 * 30));
  janitor_->tick();
  EXPECT_TRUE(runs_.find(run));
  EXPECT_TRUE(forgotten_.empty());
  janitor_->remove({run});
  EXPECT_FALSE(runs_.find(run));
}

TEST_F(ApiTest, ALearnerGetsItsAssignmentAndZipForItsTokenOnly) {
  const auto run = dispatched();
  const auto answer = as_learner("GET", run, "/assignment");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto assignment = wire::decode_assignment(answer.body);
  EXPECT_EQ(assignment.run, run);
  EXPECT_EQ(assignment.slots.size(), 1u);
  EXPECT_EQ(std::get<model::S3Connection>(assignment.manifest.training_data.connection)
                .secret_access_key.reveal(),
            "hush");
  EXPECT_FALSE(assignment.recover);
  EXPECT_EQ(as_learner("GET", run, "/definition").body, zip());
  EXPECT_EQ(as_learner("GET", run, "/assignment", "", 2).status, 404);
  EXPECT_EQ(send("GET", "/v3/learners/" + run.str() + "/assignment").status, 401);
  const auto other = submitted();
  EXPECT_EQ(send("GET", "/v3/learners/" + other.str() + "/assignment", "",
                 "Bearer " + learner_token(key_, run, 1).reveal())
                .status,
            401);
}

TEST_F(ApiTest, ReportsMoveTheRunAndMayBeRepeated) {
  const auto run = dispatched();
  const std::vector<model::Event> events = {model::StagingStarted{1}, model::TrainingStarted{1}};
  for (int i = 0; i < 2; ++i) {
    const auto answer = report(run, events);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(wire::decode_report_answer(answer.body).next_sequence, 3u);
  }
  EXPECT_EQ(status(run).phase, Phase::Training);
  EXPECT_EQ(report(run, {model::CancelRequested{"me"}}, 3).status, 400);
  EXPECT_EQ(report(run, {model::TrainingEnded{2, 0}}, 3).status, 400);
  report(run,
         {model::TrainingEnded{1, 0}, model::StoringStarted{1},
          model::Finished{1, RunState::Completed, {}}},
         3);
  EXPECT_EQ(status(run).state, RunState::Completed);
  EXPECT_TRUE(logs_->sealed(run));
}

TEST_F(ApiTest, ALastWordThatNoLongerCountsSealsNothing) {
  const auto run = dispatched();
  repository::append_retrying(runs_, run, model::LearnerLost{1, "killed"}, kNow);
  ASSERT_EQ(status(run).phase, Phase::Queued);
  report(run, {model::Finished{1, RunState::Error, model::Verdict{.code = "C201"}}});
  EXPECT_EQ(status(run).phase, Phase::Queued);
  EXPECT_FALSE(logs_->sealed(run));
}

TEST_F(ApiTest, ALearnerWhoseRunWasEndedWithoutItIsToldToStop) {
  const auto run = dispatched();
  const std::string log = "/logs/training-log.txt?offset=0";
  EXPECT_FALSE(wire::decode_report_answer(report(run, {}).body).superseded);
  const model::Finished last_word{1, RunState::Completed, {}};
  EXPECT_FALSE(wire::decode_report_answer(report(run, {last_word}).body).superseded);
  EXPECT_FALSE(wire::decode_report_answer(report(run, {last_word}).body).superseded);
  EXPECT_TRUE(wire::decode_report_answer(report(run, {}).body).superseded);
  EXPECT_EQ(as_learner("PUT", run, log, "late").status, 403);
}

TEST_F(ApiTest, LogBytesGoByOffsetAndAreReadBack) {
  const auto run = dispatched();
  const std::string log = "/logs/training-log.txt";
  EXPECT_EQ(as_learner("PUT", run, log + "?offset=0", "one\ntwo\n").status, 200);
  EXPECT_EQ(as_learner("PUT", run, log + "?offset=0", "one\ntwo\n").status, 200);
  const auto gap = as_learner("PUT", run, log + "?offset=100", "x");
  EXPECT_EQ(gap.status, 409);
  EXPECT_EQ(wire::decode_log_size(gap.body), 8u);
  EXPECT_EQ(as_learner("PUT", run, "/logs/other?offset=0", "x").status, 404);
  const std::string path = "/v3/models/" + run.str() + log;
  EXPECT_EQ(send("GET", path).body, "one\ntwo\n");
  EXPECT_EQ(send("GET", path + "?offset=4").body, "two\n");
  const auto last = send("GET", path + "?last=1");
  EXPECT_EQ(last.body, "two\n");
  EXPECT_EQ(last.headers.get("X-Log-Offset"), "4");
  report(run, {model::Finished{1, RunState::Completed, {}}});
  EXPECT_EQ(send("GET", path + "?follow=true").body, "one\ntwo\n");
}

TEST_F(ApiTest, TheMonitorTellsTheStateTheLogAndTheEnd) {
  const auto run = dispatched();
  report(run, {model::StagingStarted{1}, model::TrainingStarted{1}});
  as_learner("PUT", run, "/logs/training-log.txt?offset=0", "epoch 1\n");
  http::Headers headers;
  headers.add("Authorization", token_);
  const auto monitor =
      http::connect_websocket(url_ + "/v3/models/" + run.str() + "/monitor",
                              {.headers = headers, .timeout = Milliseconds(60'000)});
  const auto message = [&] {
    return wire::decode_monitor_frame(monitor->next(Milliseconds(60'000)).value()).message.value();
  };
  EXPECT_EQ(message(), "Status: RUNNING\n");
  EXPECT_EQ(message(), "epoch 1\n");
  as_learner("PUT", run, "/logs/training-log.txt?offset=8", "epoch 2\n");
  EXPECT_EQ(message(), "epoch 2\n");
  report(run, {model::Finished{1, RunState::Completed, {}}}, 3);
  std::string rest;
  while (const auto frame = monitor->next(Milliseconds(60'000))) {
    rest += wire::decode_monitor_frame(*frame).message.value_or("");
  }
  EXPECT_EQ(rest, "Status: COMPLETED\n");
  EXPECT_EQ(monitor->close_code(), 1000);
}

TEST_F(ApiTest, TheInstanceAnswersAsOldClientsProbeIt) {
  const auto instance = send("GET", "/v3/wml_instances/instance-1");
  EXPECT_EQ(instance.status, 200);
  EXPECT_THAT(instance.body, HasSubstr("/v3/wml_instances/instance-1/published_models"));
  EXPECT_EQ(send("GET", "/v3/wml_instances/other").status, 404);
  EXPECT_EQ(send("GET", "/v3/wml_instances/instance-1/published_models").body,
            R"({"resources":[]})");
  EXPECT_EQ(send("GET", "/v3/wml_instances/instance-1/published_models/x").status, 404);
}

TEST_F(ApiTest, ModelsAreNotStoredAndItIsSaidWhereResultsLie) {
  const auto list = send("GET", "/v3/ml_assets/models");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body, R"({"resources":[]})");
  EXPECT_EQ(send("GET", "/v3/ml_assets/models/any").status, 404);
  const auto run = "/v3/models/" + submitted().str();
  for (const auto& refused : {send("POST", "/v3/ml_assets/models", R"({"name":"m"})"),
                              send("PUT", run + "/ml_asset", R"({"name":"m"})")}) {
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("they lie in the results bucket, in the folder that has"));
  }
  EXPECT_EQ(send("PUT", "/v3/models/training-000000000/ml_asset").status, 404);
}

TEST_F(ApiTest, StatusAndFrameworksSayWhatThereIs) {
  const auto run = dispatched();
  const auto body = send("GET", "/v3/status").body;
  EXPECT_THAT(body, HasSubstr(run.str()));
  EXPECT_THAT(send("GET", "/v3/models/frameworks").body, HasSubstr("tensorflow"));
  EXPECT_EQ(send("GET", "/healthz", "", "").status, 200);
  EXPECT_EQ(send("GET", "/readyz", "", "").status, 200);
}

}  // namespace
}  // namespace trainyard::api
