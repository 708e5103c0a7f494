#pragma once
// The API over memory repositories, a fake engine and a clock that stands still, served on
// loopback.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "accounts/session.hpp"
#include "api/api.hpp"
#include "api/janitor.hpp"
#include "api/run_hub.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "engine/fake_engine.hpp"
#include "http/client.hpp"
#include "repository/memory_repository.hpp"
#include "repository/observed_repository.hpp"
#include "wire/definition.hpp"
#include "wire/run.hpp"
#include "wire/token.hpp"

namespace trainyard::api {

class NoInstaller final : public ProcessRunner {
 public:
  Captured run(const CaptureOptions&, std::stop_token) override { return {}; }
};

class AlwaysReady final : public scheduler::RuntimeGate {
 public:
  scheduler::Readiness readiness(const model::TrainingRun&) override { return {}; }
};

// As in ApiOptions.
struct TestedApi {
  bool echo_secrets = false;
  bool behind_proxy = false;
  bool check_buckets = false;
};

class ApiTest : public ::testing::Test {
 protected:
  static constexpr TimePoint kNow{Milliseconds(1'500'000'000'000)};

  explicit ApiTest(TestedApi tested = {}) {
    host_.pythons = {{"/usr/bin/python3", {3, 11}}};
    host_.can_make_environments = true;
    ApiOptions options;
    options.user = "ann";
    options.password = Secret("right");
    options.instance_id = "instance-1";
    options.signing_key = key_;
    options.check_buckets = tested.check_buckets;
    options.store_patience = Milliseconds(0);
    options.echo_secrets = tested.echo_secrets;
    options.behind_proxy = tested.behind_proxy;
    options.version = "1";
    api_ = make_api(options, {.runs = runs_,
                              .definitions = *stored_.definitions,
                              .experiments = *stored_.experiments,
                              .experiment_runs = experiment_runs_,
                              .contents = *contents_,
                              .logs = *logs_,
                              .scheduler = *scheduler_,
                              .catalogue = catalogue_,
                              .host = host_,
                              .environments = *environments_,
                              .hub = hub_,
                              .clock = clock_,
                              .accounts = accounts_,
                              .audit = *audit_,
                              .remove_runs = [this](const std::vector<model::RunId>& ids) {
                                janitor_->remove(ids);
                              }});
    server_ = http::serve(
        {}, [this](http::Request& request) { return api_->handle(request); },
        [this](const http::Request& request, const Error& error) {
          return api_->failure(request, error);
        });
    url_ = "http://127.0.0.1:" + std::to_string(server_->port());
    auto answer = send("GET", "/v3/identity/token", "", "Basic " + base64_encode("ann:right"));
    token_ = "Bearer " + wire::decode_token(answer.body).reveal();
  }

  http::ClientResponse send(const std::string& method, const std::string& path,
                            const std::string& body, const std::string& authorization,
                            http::Headers more = {}) {
    http::ClientRequest request;
    request.headers = std::move(more);
    request.method = method;
    request.url = path.starts_with("http") ? path : url_ + path;
    if (!authorization.empty()) request.headers.add("Authorization", authorization);
    const auto source = http::body_of(body);
    if (!body.empty()) request.body = source.get();
    return client_->send(request);
  }
  http::ClientResponse send(const std::string& method, const std::string& path,
                            const std::string& body = "") {
    return send(method, path, body, token_);
  }
  http::ClientResponse as_learner(const std::string& method, const model::RunId& run,
                                  const std::string& path, const std::string& body = "",
                                  unsigned attempt = 1) {
    return send(method, "/v3/learners/" + run.str() + path, body,
                "Bearer " + learner_token(key_, run, attempt).reveal());
  }

  // A zip with one file, made once (stored, not compressed); `name`: of the file, without ".py".
  static std::string zip(char name = 'a') {
    std::string bytes = from_hex(
        "504b0304140000000000000021007ea8959e030000000300000004000000612e7079783d31504b01"
        "021403140000000000000021007ea8959e0300000003000000040000000000000000000000a40100"
        "000000612e7079504b0506000000000100010032000000250000000000");
    for (auto at = bytes.find("a.py"); at != bytes.npos; at = bytes.find("a.py", at + 1)) {
      bytes[at] = name;
    }
    return bytes;
  }

  // A definition with content; its URL.
  std::string definition(const std::string& more = "") {
    const auto created = wire::decode_definition(
        send("POST", "/v3/ml_assets/training_definitions",
             R"({"name":"d","framework":{"name":"python","version":"system"},"command":"true")" +
                 more + "}")
            .body);
    EXPECT_EQ(send("PUT", created.content_url, zip()).status, 200);
    return created.url;
  }

  static std::string run_request(const std::string& definition_url,
                                 const std::string& framework = "python",
                                 const std::string& version = "system") {
    return R"({"model_definition":{"framework":{"name":")" + framework + R"(","version":")" +
           version + R"("},"name":"run","author":{},"definition_href":")" + definition_url +
           R"(","execution":{"command":"python3 a.py","compute_configuration":{"name":"k80"}}},)"
           R"("training_data_reference":{"type":"s3","connection":{"endpoint_url":"http://h:1",)"
           R"("access_key_id":"key","secret_access_key":"hush"},"source":{"bucket":"data"}},)"
           R"("training_results_reference":{"type":"s3","connection":{"endpoint_url":"http://h:1",)"
           R"("access_key_id":"key","secret_access_key":"hush"},"target":{"bucket":"results"}}})";
  }

  static nlohmann::json store_reference(const char* place, const char* bucket) {
    return {
        {"type", "s3"},
        {"connection",
         {{"endpoint_url", "http://s"}, {"access_key_id", "AKIA"}, {"secret_access_key", "hush"}}},
        {place, {{"bucket", bucket}}}};
  }
  static nlohmann::json experiment_request(const std::string& definition_url) {
    return {{"settings", {{"name", "two ways"}}},
            {"training_references", {{{"training_definition_url", definition_url}}}},
            {"training_data_reference", store_reference("source", "data")},
            {"training_results_reference", store_reference("target", "results")}};
  }

  // Submitted, not dispatched.
  model::RunId submitted() {
    const auto answer = send("POST", "/v3/models", run_request(definition()));
    EXPECT_EQ(answer.status, 202) << answer.body;
    return *model::RunId::parse(wire::decode_run(answer.body).id);
  }
  // Submitted and given to a learner.
  model::RunId dispatched() {
    const auto run = submitted();
    scheduler_->tick();
    EXPECT_EQ(status(run).phase, model::Phase::Starting);
    return run;
  }
  http::ClientResponse report(const model::RunId& run, std::vector<model::Event> events,
                              std::uint64_t first = 1, unsigned attempt = 1) {
    wire::Report report;
    report.attempt = attempt;
    report.first_sequence = first;
    for (auto& event : events) report.items.push_back({kNow, std::move(event)});
    return as_learner("POST", run, "/reports", wire::encode(report), attempt);
  }
  model::RunStatus status(const model::RunId& run) { return runs_.find(run)->status; }

  TempDir dir_;
  ManualClock clock_{kNow};
  const Secret key_{std::string(32, 'k')};
  repository::Repositories stored_ = repository::make_memory_repositories();
  std::unique_ptr<definition::DefinitionStore> contents_ =
      definition::open_definition_store(dir_.path() / "definitions", {});
  std::unique_ptr<logstore::LogStore> logs_ = logstore::open_log_store(dir_.path() / "logs");
  RunHub hub_;
  repository::ObservedRepository runs_{
      *stored_.runs, [this](const model::TrainingRun& r) { hub_.changed(r.id); }, [] {}};
  repository::ObservedExperimentRuns experiment_runs_{
      *stored_.experiment_runs, [this](const model::TrainingRun& r) { hub_.changed(r.id); }};
  engine::FakeEngine engine_{engine::cpu_slots(4)};
  AlwaysReady gate_;
  std::unique_ptr<scheduler::Scheduler> scheduler_ = scheduler::make_scheduler(
      runs_, engine_, gate_, clock_,
      {.server_url = "http://server",
       .learner_token = [this](const model::RunId& run, unsigned attempt) {
         return learner_token(key_, run, attempt);
       }});
  std::unique_ptr<Janitor> janitor_ =
      make_janitor({.directory = dir_.path() / "deletions"},
                   {.runs = runs_,
                    .definitions = *stored_.definitions,
                    .contents = *contents_,
                    .logs = *logs_,
                    .hub = hub_,
                    .forget = [this](const model::RunId& id) { forgotten_.push_back(id); },
                    .has_unsaved_results = [this](const model::RunId&) { return unsaved_results_; },
                    .wake_scheduler = [] {},
                    .clock = clock_});
  accounts::Accounts accounts_ = accounts::open_accounts(":memory:", {"ann", key_}, kNow);
  std::unique_ptr<accounts::AuditLog> audit_ =
      accounts::open_audit_log({.path = dir_.path() / "audit.log"});
  std::vector<model::RunId> forgotten_;
  bool unsaved_results_ = false;
  runtime::Catalogue catalogue_ = runtime::Catalogue::builtin();
  runtime::Host host_;
  NoInstaller installer_;
  std::unique_ptr<runtime::EnvironmentStore> environments_ = runtime::open_environment_store(
      {.directory = dir_.path() / "environments"}, installer_, clock_);
  std::unique_ptr<Api> api_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::Client> client_ = http::make_client();
  std::string url_, token_;
};

}  // namespace trainyard::api
