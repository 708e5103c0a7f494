// `trainyard user`, `token` and `audit`.
#include <gmock/gmock.h>

#include "cli/cli_testing.hpp"

namespace trainyard::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kBob =
    R"({"name":"bob","role":"user","disabled":false,"created_at":"2017-10-26T11:10:37.000Z")";
constexpr const char* kToken =
    R"({"id":"abc","owner":"bob","name":"ci","scope":"write",)"
    R"("created_at":"2017-10-26T11:10:37.000Z","expires_at":"2018-01-24T11:10:37.000Z")";

class Account : public CliTest {
 protected:
  std::string body_sent() { return http.requests.back().body; }
};

TEST_F(Account, UserAddPrintsThePasswordThatWasMadeUpAlone) {
  http.on("POST /v3/users", 201, std::string(kBob) + R"(,"password":"made-up"})");
  const auto done = trainyard({"user", "add", "bob", "--role", "viewer"});
  EXPECT_EQ(done.out, "made-up\n");
  EXPECT_EQ(done.code, kOk);
  EXPECT_EQ(body_sent(), R"({"name":"bob","role":"viewer"})");
}

TEST_F(Account, UserAddTakesAPasswordFromAFileAndPrintsNothing) {
  http.on("POST /v3/users", 201, std::string(kBob) + "}");
  const auto file = write("password", "correct horse\n");
  EXPECT_EQ(trainyard({"user", "add", "bob", "--password-file", file}).out, "");
  EXPECT_EQ(body_sent(), R"({"name":"bob","password":"correct horse"})");
  EXPECT_EQ(trainyard({"user", "add", "bob", "--password-file", write("empty", "\n")}).code,
            kBadInput);
}

TEST_F(Account, UserListShowsOneLineForEach) {
  http.on("GET /v3/users", 200, std::string(R"({"resources":[)") + kBob + "}]}");
  EXPECT_EQ(trainyard({"user", "list"}).out,
            "NAME   ROLE   SINCE\nbob    user   2017-10-26T11:10:37Z\n");
}

TEST_F(Account, UsersChange) {
  http.on("PATCH /v3/users/bob", 200, std::string(kBob) + "}");
  http.on("DELETE /v3/users/bob", 204, "");
  EXPECT_EQ(trainyard({"user", "role", "bob", "admin"}).code, kOk);
  EXPECT_EQ(body_sent(), R"({"role":"admin"})");
  EXPECT_EQ(trainyard({"user", "disable", "bob"}).code, kOk);
  EXPECT_EQ(body_sent(), R"({"disabled":true})");
  EXPECT_EQ(trainyard({"user", "enable", "bob"}).code, kOk);
  EXPECT_EQ(body_sent(), R"({"disabled":false})");
  EXPECT_EQ(trainyard({"user", "delete", "bob"}).code, kOk);
}

TEST_F(Account, OnesOwnPasswordIsChangedWithTheOneInUse) {
  http.on("PUT /v3/users/ada/password", 200, std::string(kBob) + R"(,"password":"made-up"})");
  EXPECT_EQ(trainyard({"user", "password", "ada"}).out, "made-up\n");
  EXPECT_EQ(body_sent(), R"({"old_password":"hunter2"})");
  http.on("PUT /v3/users/bob/password", 200, std::string(kBob) + "}");
  trainyard({"user", "password", "bob", "--password-file", write("password", "correct horse")});
  EXPECT_EQ(body_sent(), R"({"password":"correct horse"})");
}

TEST_F(Account, WhatIsMissingOrUnknownIsSaid) {
  EXPECT_THAT(trainyard({"user", "add"}).err, HasSubstr("this is `trainyard user add NAME`"));
  EXPECT_THAT(trainyard({"user", "list", "bob"}).err, HasSubstr("this is `trainyard user list`"));
  EXPECT_THAT(trainyard({"user", "ad", "bob"}).err, HasSubstr("did you mean add?"));
  EXPECT_EQ(trainyard({"user"}).code, kBadInput);
  http.on("GET /v3/users", 403, client::FakeHttp::error_body("only an admin may do this"));
  const auto refused = trainyard({"user", "list"});
  EXPECT_EQ(refused.code, kNotAllowed);
  EXPECT_THAT(refused.err, HasSubstr("only an admin may do this"));
}

TEST_F(Account, TokenCreatePrintsTheTokenAlone) {
  http.on("POST /v3/tokens", 201, std::string(kToken) + R"(,"token":"trn_x"})");
  EXPECT_EQ(trainyard({"token", "create", "ci", "--scope", "write", "--days", "7"}).out, "trn_x\n");
  EXPECT_EQ(body_sent(), R"({"name":"ci","scope":"write","days":7})");
  trainyard({"token", "create", "ci"});
  EXPECT_EQ(body_sent(), R"({"name":"ci","scope":"read","days":90})");
}

TEST_F(Account, TokensAreListedAndRevoked) {
  http.on("GET /v3/tokens", 200, std::string(R"({"resources":[)") + kToken + "}]}");
  http.on("DELETE /v3/tokens/abc", 204, "");
  EXPECT_EQ(trainyard({"token", "list"}).out,
            "ID    OWNER   SCOPE   EXPIRES                NAME\n"
            "abc   bob     write   2018-01-24T11:10:37Z   ci\n");
  EXPECT_EQ(trainyard({"token", "revoke", "abc"}).code, kOk);
  EXPECT_EQ(trainyard({"token", "revoke", "xyz"}).code, kNotFound);
}

TEST_F(Account, AuditSaysWhoDidWhat) {
  http.on("GET /v3/audit?last=100", 200,
          R"({"resources":[{"at":"2017-10-26T11:10:37.000Z","actor":"bob","credential":"session",)"
          R"("peer":"127.0.0.1:4","action":"DELETE /v3/models/{id}","target":"/v3/models/t",)"
          R"("status":204,"request_id":"r"},{"at":"2017-10-26T11:10:38.000Z","actor":"ann",)"
          R"("credential":"session","peer":"127.0.0.1:5","action":"PATCH /v3/users/{name}",)"
          R"("target":"/v3/users/bob","change":"role viewer, disabled","status":200}]})");
  EXPECT_EQ(trainyard({"audit"}).out,
            "AT                     WHO   BY        FROM          ANSWER   WHAT\n"
            "2017-10-26T11:10:37Z   bob   session   127.0.0.1:4   204      DELETE /v3/models/t\n"
            "2017-10-26T11:10:38Z   ann   session   127.0.0.1:5   200      PATCH /v3/users/bob "
            "(role viewer, disabled)\n");
}

}  // namespace
}  // namespace trainyard::cli
