// Every endpoint that is served, asked by everyone who may ask: what is another's stays hidden.
#include <gmock/gmock.h>

#include "accounts/session.hpp"
#include "api/api_fixture.hpp"
#include "wire/experiment.hpp"
#include "wire/experiment_run.hpp"

namespace trainyard::api {
namespace {

using accounts::Role;
using accounts::Scope;

enum class Kind {
  Open,        // for everyone
  Learner,     // for a run's learner
  Collection,  // for every user
  Owned,       // one thing, for its owner
  Account,     // about oneself
  Admin,
};

Kind kind_of(const std::string& method, const std::string& pattern) {
  if (pattern.ends_with("/identity/token") || pattern == "/healthz" || pattern == "/readyz" ||
      pattern == "/metrics" || pattern == "/openapi.json") {
    return Kind::Open;
  }
  if (pattern.starts_with("/v3/learners/")) return Kind::Learner;
  if (pattern == "/v3/users" || pattern == "/v3/audit") return Kind::Admin;
  if (pattern == "/v3/users/{name}" && method != "GET") return Kind::Admin;
  if (pattern.starts_with("/v3/users/") || pattern.starts_with("/v3/tokens")) return Kind::Account;
  return pattern.find("{id}") == std::string::npos ? Kind::Collection : Kind::Owned;
}

class AccessTest : public ApiTest {
 protected:
  AccessTest() {
    for (const auto& [name, role] :
         {std::pair("bob", Role::User), std::pair("cy", Role::User), std::pair("vic", Role::Viewer),
          std::pair("dan", Role::User)}) {
      accounts_.users->add({.name = name, .role = role, .disabled = name == std::string("dan")});
    }
  }

  std::string session(const std::string& user, Scope scope = Scope::Admin) {
    const auto known = accounts_.users->find(user);
    const accounts::Session session{
        .user = user, .generation = known ? known->generation : 0, .scope = scope};
    return "Bearer " + issue_session(*accounts_.keys, session, kNow).reveal();
  }
  std::string expired(const std::string& user) {
    const accounts::Session session{.user = user, .expires = kNow};
    return "Bearer " +
           issue_session(*accounts_.keys, session, kNow - std::chrono::hours(1)).reveal();
  }
  std::string personal(const std::string& user, Scope scope, std::string* id = nullptr) {
    accounts::AccessToken token{
        .owner = user, .scope = scope, .expires_at = kNow + std::chrono::hours(1)};
    const auto secret = accounts_.tokens->create(token);
    if (id != nullptr) *id = token.id;
    return "Bearer " + secret.reveal();
  }

  // Something of bob's for each {part} of a pattern.
  std::string path_of(const std::string& pattern) {
    token_ = session("bob");
    std::string path = pattern;
    const auto fill = [&](const std::string& part, const std::string& value) {
      const auto at = path.find(part);
      if (at != std::string::npos) path.replace(at, part.size(), value);
    };
    if (pattern.starts_with("/v3/models/{id}")) fill("{id}", submitted().str());
    if (pattern.starts_with("/v3/ml_assets/") && pattern.find("{id}") != std::string::npos) {
      const auto view = wire::decode_definition(send("GET", definition()).body);
      fill("{id}", view.id);
      fill("{version}", view.version_id);
    }
    if (pattern.starts_with("/v3/experiments/{id}")) {
      const auto experiment = wire::decode_experiment(
          send("POST", "/v3/experiments", experiment_request(definition()).dump()).body);
      fill("{id}", experiment.id);
      if (pattern.find("{run}") != std::string::npos) {
        const auto run = send("POST", "/v3/experiments/" + experiment.id + "/runs");
        fill("{run}", wire::decode_experiment_run(run.body).id);
      }
    }
    if (pattern == "/v3/tokens/{id}") {
      std::string id;
      personal("bob", Scope::Read, &id);
      fill("{id}", id);
    }
    fill("{instance}", "instance-1");
    fill("{item}", "any");
    fill("{file}", "training-log.txt");
    fill("{name}", "bob");
    fill("{run}", "training-000000000");
    EXPECT_EQ(path.find('{'), std::string::npos) << "no sample for " << pattern;
    return path;
  }
  static std::string body_of(const std::string& method, const std::string& pattern) {
    if (method == "GET" || method == "DELETE") return "";
    if (pattern.ends_with("/content")) return zip();
    if (method == "PATCH" && pattern.ends_with("/{run}")) return wire::encode_cancel();
    if (method == "PATCH" && pattern == "/v3/models/{id}") return wire::encode_cancel();
    return "{}";
  }

  // The call may take bob away, or end his sessions: each is made with a bob of its own.
  using Credential = std::function<std::string()>;
  int status_for(const std::string& method, const std::string& pattern, const Credential& who) {
    if (accounts_.users->find("bob")) accounts_.users->remove("bob");
    accounts_.users->add({.name = "bob"});
    const auto path = path_of(pattern);
    return send(method, path, body_of(method, pattern), who()).status;
  }
};

MATCHER(IsLetIn, "") { return arg != 401 && arg != 403 && arg != 404; }

TEST_F(AccessTest, NobodyGetsAtWhatIsNotTheirs) {
  const auto as = [this](const std::string& user) { return [=, this] { return session(user); }; };
  const Credential reader = [this] { return personal("bob", Scope::Read); };
  const Credential weak_admin = [this] { return personal("ann", Scope::Write); };
  const std::vector<Credential> nobodies = {[] { return ""; }, [this] { return expired("bob"); },
                                            as("dan"), as("gone"),
                                            [] { return "Bearer trn_unknown"; }};
  for (const auto& endpoint : api_->endpoints()) {
    SCOPED_TRACE(endpoint);
    const auto space = endpoint.find(' ');
    const std::string method = endpoint.substr(0, space), pattern = endpoint.substr(space + 1);
    const auto status = [&](const Credential& who) { return status_for(method, pattern, who); };
    const Kind kind = kind_of(method, pattern);
    if (kind == Kind::Open) continue;
    const bool reads = method == "GET";
    for (const auto& nobody : nobodies) EXPECT_EQ(status(nobody), 401);
    if (kind == Kind::Learner) {
      EXPECT_EQ(status(as("bob")), 401);
      EXPECT_EQ(status(as("ann")), 401);
      continue;
    }
    if (pattern.ends_with("/{item}")) continue;  // there is never anything
    EXPECT_THAT(status(as("ann")), IsLetIn());
    if (kind == Kind::Admin) {
      for (const auto& other : {Credential(as("bob")), Credential(as("vic")), reader, weak_admin}) {
        EXPECT_EQ(status(other), 403);
      }
      continue;
    }
    EXPECT_THAT(status(as("bob")), IsLetIn());
    const bool one =
        pattern.find("{id}") != std::string::npos || pattern.find("{name}") != std::string::npos;
    if (one) {
      EXPECT_EQ(status(as("cy")), 404);
    } else {
      EXPECT_THAT(status(as("cy")), IsLetIn());
    }
    if (reads) {
      EXPECT_THAT(status(reader), IsLetIn());
    } else {
      EXPECT_EQ(status(reader), 403);
    }
    if (kind == Kind::Account) continue;
    if (reads) {
      EXPECT_THAT(status(as("vic")), IsLetIn());
    } else {
      EXPECT_EQ(status(as("vic")), 403);
    }
  }
}

TEST_F(AccessTest, AnAdminsKeysAreNotLentToTheOwnerOfADefinition) {
  token_ = session("bob");
  const auto url = definition();
  const auto add = [&](const std::string& who, const std::string& more) {
    return send("POST", url,
                R"({"name":"d","framework":{"name":"python","version":"system"})" + more + "}",
                session(who));
  };
  const std::string data =
      R"(,"training_data_reference":{"type":"s3","connection":{"secret_access_key":"k"}})";
  const auto refused = add("ann", data);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, ::testing::HasSubstr("lend your keys to bob"));
  EXPECT_EQ(add("ann", "").status, 201);
  EXPECT_EQ(add("bob", data).status, 201);
  EXPECT_EQ(add("cy", "").status, 404);
}

TEST_F(AccessTest, ListsShowWhatIsOnesOwnAndEverythingToAdminsAndViewers) {
  const auto shown = [&](const std::string& who, const std::string& query = "") {
    const auto answer = send("GET", "/v3/models" + query, "", session(who));
    EXPECT_EQ(answer.status, 200);
    return wire::decode_run_list(answer.body).runs.size();
  };
  token_ = session("bob");
  submitted();
  token_ = session("cy");
  submitted();
  submitted();
  EXPECT_EQ(shown("bob"), 1u);
  EXPECT_EQ(shown("cy"), 2u);
  EXPECT_EQ(shown("ann"), 3u);
  EXPECT_EQ(shown("vic"), 3u);
  EXPECT_EQ(shown("ann", "?owner=bob"), 1u);
  EXPECT_EQ(shown("bob", "?owner=bob&view=summary"), 1u);
  EXPECT_EQ(send("GET", "/v3/models?owner=cy", "", session("bob")).status, 403);
  const std::string definitions = "/v3/ml_assets/training_definitions";
  const auto count = [&](const std::string& who) {
    const auto body = send("GET", definitions, "", session(who)).body;
    std::size_t found = 0;
    for (auto at = body.find("\"guid\""); at != body.npos; at = body.find("\"guid\"", at + 1)) {
      ++found;
    }
    return found / 2;  // of the definition and of its version
  };
  EXPECT_EQ(count("bob"), 1u);
  EXPECT_EQ(count("cy"), 2u);
  EXPECT_EQ(count("vic"), 3u);
}

TEST_F(AccessTest, EveryPageOfOneOwnersListIsTheirs) {
  accounts_.users->add({.name = "b@b"});
  for (const char* user : {"b@b", "cy", "b@b", "cy", "b@b"}) {
    token_ = session(user);
    const auto url = definition();
    EXPECT_EQ(send("POST", "/v3/models", run_request(url)).status, 202);
    EXPECT_EQ(send("POST", "/v3/experiments", experiment_request(url).dump()).status, 201);
  }
  for (const std::string list : {"/v3/models?", "/v3/models?view=summary&", "/v3/experiments?",
                                 "/v3/ml_assets/training_definitions?"}) {
    std::size_t found = 0;
    std::string next = list + "limit=1&owner=b%40b";
    for (int page = 0; page < 9 && !next.empty(); ++page) {
      const auto answer = nlohmann::json::parse(send("GET", next, "", session("ann")).body);
      found += answer["resources"].size();
      next = answer.contains("next") ? answer["next"]["url"].get<std::string>() : "";
    }
    EXPECT_EQ(found, 3u) << list;
  }
}

TEST_F(AccessTest, ARunIsMadeFromADefinitionThatItsOwnerSees) {
  token_ = session("bob");
  const auto url = definition();
  const auto with_data =
      definition(R"(,"training_data_reference":[)" + store_reference("source", "own").dump() + "]");
  EXPECT_EQ(send("POST", "/v3/models", run_request(url), session("cy")).status, 400);
  EXPECT_EQ(send("POST", "/v3/models", run_request(url)).status, 202);
  EXPECT_EQ(send("POST", "/v3/models", run_request(url), session("ann")).status, 202);
  EXPECT_EQ(send("POST", "/v3/models/checks", run_request(url), session("ann")).status, 200);

  const auto experiment = [&](const nlohmann::json& body, const std::string& owner) {
    const auto answer = send("POST", "/v3/experiments", body.dump(), session(owner));
    return "/v3/experiments/" + wire::decode_experiment(answer.body).id + "/runs";
  };
  const auto start = [&](const std::string& runs, const std::string& who) {
    return send("POST", runs, "", session(who)).status;
  };
  EXPECT_EQ(start(experiment(experiment_request(url), "ann"), "ann"), 200);
  EXPECT_EQ(start(experiment(experiment_request(url), "cy"), "ann"), 400) << "they would be cy's";
  auto without_data = experiment_request(with_data);
  without_data.erase("training_data_reference");
  EXPECT_EQ(start(experiment(without_data, "bob"), "bob"), 200);
  EXPECT_EQ(start(experiment(without_data, "ann"), "ann"), 400) << "with bob's keys";
}

}  // namespace
}  // namespace trainyard::api
