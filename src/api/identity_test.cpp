// Logins, personal tokens, passwords, users and the audit log.
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <tuple>

#include "accounts/password.hpp"
#include "api/api_fixture.hpp"
#include "wire/account.hpp"

namespace trainyard::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Does something to the users once, right after the `at`-th look at one of them.
class Meddler final : public accounts::Users {
 public:
  Meddler(std::unique_ptr<accounts::Users> real, int at, std::function<void(Users&)> meddle)
      : real_(std::move(real)), finds_left_(at), meddle_(std::move(meddle)) {}

  std::optional<accounts::User> find(const std::string& name) override {
    auto found = real_->find(name);
    if (--finds_left_ == 0) meddle_(*real_);
    return found;
  }
  std::vector<accounts::User> list() override { return real_->list(); }
  void add(const accounts::User& user) override { real_->add(user); }
  accounts::User change(const std::string& name,
                        const std::function<void(accounts::User&)>& apply) override {
    return real_->change(name, apply);
  }
  void remove(const std::string& name) override { real_->remove(name); }

 private:
  std::unique_ptr<accounts::Users> real_;
  std::atomic<int> finds_left_;
  std::function<void(Users&)> meddle_;
};

// Wrong without the time that hashing takes.
const std::string kTooLong(accounts::kMostPassword + 1, 'x');

class IdentityTest : public ApiTest {
 protected:
  http::ClientResponse log_in(const std::string& user, const std::string& password) {
    return send("GET", "/v3/identity/token", "", "Basic " + base64_encode(user + ":" + password));
  }
  std::string bearer(const http::ClientResponse& login) {
    EXPECT_EQ(login.status, 200) << login.body;
    return "Bearer " + wire::decode_token(login.body).reveal();
  }
  // A user of that role; the password that was made up.
  std::string add(const std::string& name, const std::string& role = "user") {
    const auto answer =
        send("POST", "/v3/users", R"({"name":")" + name + R"(","role":")" + role + R"("})");
    EXPECT_EQ(answer.status, 201) << answer.body;
    return wire::decode_user(answer.body).password.reveal();
  }
  std::string create_token(const std::string& authorization, const std::string& scope) {
    const auto answer = send("POST", "/v3/tokens",
                             R"({"name":"ci","scope":")" + scope + R"(","days":2})", authorization);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return wire::decode_account_token(answer.body).token.reveal();
  }
};

TEST_F(IdentityTest, AUserThatIsAddedLogsInWithThePasswordThatWasMadeUp) {
  const auto password = add("bob");
  EXPECT_EQ(password.size(), 24u);
  const auto bob = bearer(log_in("bob", password));
  EXPECT_EQ(send("GET", "/v3/models", "", bob).status, 200);
  EXPECT_EQ(log_in("bob", password + "x").status, 401);
  EXPECT_THAT(send("GET", "/v3/users/bob", "", bob).body, Not(HasSubstr("password")));
  EXPECT_EQ(send("POST", "/v3/users", R"({"name":"bob"})").status, 409);
  EXPECT_EQ(send("POST", "/v3/users", R"({"name":"b b"})").status, 400);
  EXPECT_EQ(send("POST", "/v3/users", R"({"name":"cy","role":"king"})").status, 400);
  EXPECT_EQ(send("POST", "/v3/users", R"({"name":"cy","password":"short"})").status, 400);
  EXPECT_EQ(wire::decode_users(send("GET", "/v3/users").body).size(), 2u);
}

TEST_F(IdentityTest, DisablingAUserEndsTheirSessionsAndTokensAtOnce) {
  const auto password = add("bob");
  const auto bob = bearer(log_in("bob", password));
  const auto personal = "Bearer " + create_token(bob, "read");
  EXPECT_EQ(send("PATCH", "/v3/users/bob", R"({"disabled":true})").status, 200);
  for (const auto& gone : {bob, personal})
    EXPECT_EQ(send("GET", "/v3/models", "", gone).status, 401);
  EXPECT_EQ(log_in("bob", password).status, 401);
  EXPECT_EQ(send("PUT", "/v3/identity/token", R"({"token":")" + bob.substr(7) + R"("})", "").status,
            401);
  EXPECT_EQ(send("PATCH", "/v3/users/bob", R"({"disabled":false,"role":"viewer"})").status, 200);
  EXPECT_EQ(send("GET", "/v3/models", "", personal).status, 200);
}

TEST_F(IdentityTest, ANewPasswordEndsTheSessionsOfTheOld) {
  const auto password = add("bob");
  const auto bob = bearer(log_in("bob", password));
  const auto put = [&](const std::string& body, const std::string& who) {
    return send("PUT", "/v3/users/bob/password", body, who).status;
  };
  EXPECT_EQ(put(R"({"password":"a longer one","old_password":"wrong"})", bob), 403);
  EXPECT_EQ(put(R"({"password":"a longer one","old_password":")" + password + R"("})", bob), 200);
  EXPECT_EQ(send("GET", "/v3/models", "", bob).status, 401);
  EXPECT_EQ(log_in("bob", password).status, 401);
  EXPECT_EQ(log_in("bob", "a longer one").status, 200);
  EXPECT_EQ(put(R"({"password":"set by an admin"})", token_), 200);
  EXPECT_EQ(log_in("bob", "set by an admin").status, 200);
}

// While the old password is checked and the new one hashed, an admin does something to the user.
class RaceTest : public IdentityTest {
 protected:
  // What bob's call for a new password is answered, and bob after it.
  struct Outcome {
    int status;
    std::optional<accounts::User> bob;
  };
  Outcome change_password_while(const std::function<void(accounts::Users&)>& meddle) {
    const auto password = add("bob", "admin");
    const auto bob = bearer(log_in("bob", password));
    // The first look authenticates.
    accounts_.users = std::make_unique<Meddler>(std::move(accounts_.users), 2, meddle);
    const auto answer =
        send("PUT", "/v3/users/bob/password",
             R"({"password":"chosen by bob","old_password":")" + password + R"("})", bob);
    EXPECT_EQ(send("GET", "/v3/models", "", bob).status, 401);
    return {answer.status, accounts_.users->find("bob")};
  }
};

TEST_F(RaceTest, WhoIsDisabledWhileTheyChangeTheirPasswordStaysDisabled) {
  const auto outcome = change_password_while([](accounts::Users& users) {
    users.change("bob", [](accounts::User& bob) { bob.disabled = true; });
  });
  EXPECT_EQ(outcome.status, 409);
  EXPECT_TRUE(outcome.bob->disabled);
}

TEST_F(RaceTest, WhoIsDemotedWhileTheyChangeTheirPasswordStaysDemoted) {
  const auto outcome = change_password_while([](accounts::Users& users) {
    users.change("bob", [](accounts::User& bob) { bob.role = accounts::Role::Viewer; });
  });
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.bob->role, accounts::Role::Viewer);
  EXPECT_EQ(log_in("bob", "chosen by bob").status, 200);
}

TEST_F(RaceTest, APasswordThatAnAdminSetsMeanwhileStays) {
  const auto outcome = change_password_while([](accounts::Users& users) {
    users.change("bob", [](accounts::User& bob) {
      bob.password_hash = "set by an admin";
      ++bob.generation;
    });
  });
  EXPECT_EQ(outcome.status, 409);
  EXPECT_EQ(outcome.bob->password_hash, "set by an admin");
}

TEST_F(RaceTest, WhoIsDeletedWhileTheyChangeTheirPasswordIsNotMadeAnew) {
  const auto outcome = change_password_while([](accounts::Users& users) { users.remove("bob"); });
  EXPECT_EQ(outcome.status, 404);
  EXPECT_FALSE(outcome.bob);
}

TEST_F(IdentityTest, TheSessionsOfADeletedUserAreNotThoseOfTheNextOfThatName) {
  const auto bob = bearer(log_in("bob", add("bob")));
  const auto personal = create_token(bob, "write");
  const auto opened = bearer(log_in("bob", personal));
  EXPECT_EQ(send("DELETE", "/v3/users/bob").status, 204);
  add("bob", "admin");
  for (const auto& old : {bob, opened, "Bearer " + personal}) {
    EXPECT_EQ(send("GET", "/v3/models", "", old).status, 401);
  }
  for (const auto& old : {bob, opened}) {
    const std::string body = R"({"token":")" + old.substr(7) + R"("})";
    EXPECT_EQ(send("PUT", "/v3/identity/token", body, "").status, 401);
  }
}

TEST_F(IdentityTest, TheFoundersKeyGoesOnWorkingBesideAPasswordOfTheirOwn) {
  EXPECT_EQ(send("PUT", "/v3/users/ann/password", R"({"password":"chosen by ann"})").status, 200);
  EXPECT_EQ(log_in("ann", "chosen by ann").status, 200);
  EXPECT_EQ(log_in("ann", "right").status, 200);
  token_ = bearer(log_in("ann", "right"));
  const auto change = R"({"password":"chosen anew","old_password":"right"})";
  EXPECT_EQ(send("PUT", "/v3/users/ann/password", change).status, 200);
  token_ = bearer(log_in("ann", "right"));
  EXPECT_EQ(send("PATCH", "/v3/users/ann", R"({"disabled":true})").status, 409);
  add("eve", "admin");
  EXPECT_EQ(send("PATCH", "/v3/users/ann", R"({"disabled":true})").status, 200);
  EXPECT_EQ(log_in("ann", "right").status, 401);
}

TEST_F(IdentityTest, APersonalTokenIsGoodForItsScopeUntilItEnds) {
  const auto answer = send("POST", "/v3/tokens", R"({"name":"ci","scope":"write","days":1})");
  const auto made = wire::decode_account_token(answer.body);
  const auto personal = "Bearer " + made.token.reveal();
  EXPECT_EQ(send("POST", "/v3/models", run_request(definition()), personal).status, 202);
  EXPECT_EQ(send("GET", "/v3/users", "", personal).status, 403);
  EXPECT_EQ(send("POST", "/v3/tokens", "{}", personal).status, 403);
  EXPECT_EQ(send("GET", "/v3/tokens", "", personal).status, 200);
  EXPECT_THAT(send("GET", "/v3/tokens").body, Not(HasSubstr(made.token.reveal())));
  EXPECT_EQ(send("POST", "/v3/tokens", R"({"days":0})").status, 400);
  EXPECT_EQ(send("POST", "/v3/tokens", R"({"scope":"all"})").status, 400);
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(send("GET", "/v3/models", "", personal).status, 401);
}

TEST_F(IdentityTest, AnAdminsTokenReadsOfOthersOnlyWithTheScopeOfAnAdmin) {
  const auto bobs = create_token(bearer(log_in("bob", add("bob"))), "read");
  const auto id = accounts_.tokens->find_secret(bobs)->id;
  for (const auto& [scope, all, other] :
       {std::tuple{"read", 403, 404}, std::tuple{"write", 403, 404},
        std::tuple{"admin", 200, 200}}) {
    const auto personal = "Bearer " + create_token(token_, scope);
    const auto status = [&](const std::string& path) {
      return send("GET", path, "", personal).status;
    };
    EXPECT_EQ(status("/v3/users"), all) << scope;
    EXPECT_EQ(status("/v3/audit"), all) << scope;
    EXPECT_EQ(status("/v3/users/bob"), other) << scope;
    EXPECT_EQ(status("/v3/tokens/" + id), other) << scope;
    EXPECT_EQ(status("/v3/users/ann"), 200) << scope;
    const auto listed = send("GET", "/v3/tokens", "", personal).body;
    EXPECT_EQ(listed.find(id) != std::string::npos, other == 200) << scope;
  }
}

TEST_F(IdentityTest, TheTokensOfAUserAreLimited) {
  for (std::size_t i = 0; i < accounts::AccessTokens::kMostOfOne; ++i) create_token(token_, "read");
  const auto refused = send("POST", "/v3/tokens", "{}");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("ann has 100 tokens already"));
  EXPECT_THAT(refused.body, HasSubstr("trainyard token revoke"));
}

TEST_F(IdentityTest, APersonalTokenLogsInAsAPasswordAndItsSessionEndsWithIt) {
  const auto made = wire::decode_account_token(
      send("POST", "/v3/tokens", R"({"name":"old client","scope":"read"})").body);
  const auto session = bearer(log_in("ann", made.token.reveal()));
  EXPECT_EQ(send("GET", "/v3/models", "", session).status, 200);
  EXPECT_EQ(send("POST", "/v3/models", "{}", session).status, 403);
  EXPECT_EQ(log_in("bob", made.token.reveal()).status, 401);
  const std::string old = R"({"token":")" + session.substr(7) + R"("})";
  EXPECT_EQ(send("PUT", "/v3/identity/token", old, "").status, 200);
  EXPECT_EQ(send("DELETE", "/v3/tokens/" + made.id).status, 204);
  EXPECT_EQ(send("GET", "/v3/models", "", session).status, 401);
  EXPECT_EQ(send("PUT", "/v3/identity/token", old, "").status, 401);
  EXPECT_EQ(log_in("ann", made.token.reveal()).status, 401);
}

TEST_F(IdentityTest, GuessesAreSlowedDownForAUserAndEndWithTime) {
  const auto password = add("bob");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(log_in("bob", kTooLong).status, 401);
  const auto slowed = log_in("bob", password);
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(slowed.headers.get("Retry-After"), "30");
  EXPECT_THAT(slowed.body, HasSubstr("too many wrong passwords; try again in 30 s"));
  EXPECT_EQ(log_in("ann", "right").status, 200);
  clock_.advance(std::chrono::seconds(30));
  EXPECT_EQ(log_in("bob", password).status, 200);
  EXPECT_EQ(log_in("bob", password).status, 200);
}

TEST_F(IdentityTest, GuessesAreSlowedDownForAnAddressWhateverTheUser) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(log_in("user" + std::to_string(i), kTooLong).status, 401);
  }
  EXPECT_EQ(log_in("user50", "").status, 429);
}

TEST_F(IdentityTest, AUserWhoOwnsSomethingIsNotDeleted) {
  const auto bob = bearer(log_in("bob", add("bob")));
  const auto created =
      send("POST", "/v3/ml_assets/training_definitions",
           R"({"name":"d","framework":{"name":"python","version":"system"}})", bob);
  EXPECT_EQ(send("DELETE", "/v3/users/bob").status, 409);
  const auto id = wire::decode_definition(created.body).id;
  EXPECT_EQ(send("DELETE", "/v3/ml_assets/training_definitions/" + id).status, 204);
  EXPECT_EQ(send("DELETE", "/v3/users/bob").status, 204);
  EXPECT_EQ(send("GET", "/v3/models", "", bob).status, 401);
  EXPECT_EQ(send("GET", "/v3/users/bob").status, 404);
}

TEST_F(IdentityTest, TheAuditLogSaysWhoDidWhatAndNothingSecret) {
  const auto password = add("bob");
  log_in("bob", "a wrong one");
  const auto bob = bearer(log_in("bob", password));
  const auto personal = create_token(bob, "write");
  send("DELETE", "/v3/models/training-000000000", "", "Bearer " + personal);
  send("GET", "/v3/models", "", bob);
  const auto answer = send("GET", "/v3/audit?last=5");
  for (const auto& secret : {password, personal, std::string("a wrong one")}) {
    EXPECT_THAT(answer.body, Not(HasSubstr(secret)));
  }
  std::vector<std::string> lines;
  for (const auto& e : wire::decode_audit(answer.body)) {
    const auto credential = e.credential.substr(0, e.credential.find(' '));
    lines.push_back(e.actor + " " + credential + " " + e.action + " " + std::to_string(e.status));
    EXPECT_THAT(e.peer, ::testing::StartsWith("127.0.0.1:"));
    EXPECT_FALSE(e.request_id.empty());
  }
  EXPECT_THAT(lines, ::testing::ElementsAre("ann session POST /v3/users 201",
                                            "bob password GET /v3/identity/token 401",
                                            "bob password GET /v3/identity/token 200",
                                            "bob session POST /v3/tokens 201",
                                            "bob token DELETE /v3/models/{id} 404"));
  EXPECT_EQ(send("GET", "/v3/audit?last=x").status, 400);
}

TEST_F(IdentityTest, TheAuditLogSaysWhatAUserWasToBe) {
  add("bob", "viewer");
  send("PATCH", "/v3/users/bob", R"({"role":"admin","disabled":true})");
  send("PATCH", "/v3/users/bob", R"({"role":"king"})");
  send("PATCH", "/v3/users/ann", R"({"role":"user"})");
  send("PATCH", "/v3/users/bob", R"({"disabled":false})");
  std::vector<std::string> changes;
  for (const auto& entry : wire::decode_audit(send("GET", "/v3/audit?last=5").body)) {
    changes.push_back(entry.change + " " + std::to_string(entry.status));
  }
  EXPECT_THAT(changes, ::testing::ElementsAre("role viewer 201", "role admin, disabled 200", " 400",
                                              "role user 409", "enabled 200"));
}

class EchoTest : public ApiTest {
 protected:
  EchoTest() : ApiTest({.echo_secrets = true}) {}
};

TEST_F(EchoTest, StorageKeysAreEchoedToTheOwnerAlone) {
  const auto path = "/v3/models/" + submitted().str();
  EXPECT_THAT(send("GET", path).body, HasSubstr("hush"));
  EXPECT_THAT(send("GET", "/v3/models").body, HasSubstr("hush"));
  const auto reader = wire::decode_account_token(send("POST", "/v3/tokens", "{}").body);
  EXPECT_THAT(send("GET", path, "", "Bearer " + reader.token.reveal()).body,
              Not(HasSubstr("hush")));
  accounts_.users->add({.name = "eve", .role = accounts::Role::Admin});
  accounts_.users->change("ann", [](accounts::User& ann) { ann.role = accounts::Role::Viewer; });
  EXPECT_THAT(send("GET", path).body, Not(HasSubstr("hush")));
  for (const auto role : {accounts::Role::Admin, accounts::Role::Viewer}) {
    const std::string name(accounts::to_string(role));
    accounts_.users->add({.name = name, .role = role});
    const auto generation = accounts_.users->find(name)->generation;
    token_ =
        "Bearer " +
        issue_session(*accounts_.keys, {.user = name, .generation = generation}, kNow).reveal();
    const auto seen = send("GET", path);
    EXPECT_EQ(seen.status, 200);
    EXPECT_THAT(seen.body, Not(HasSubstr("hush")));
  }
}

}  // namespace
}  // namespace trainyard::api
