#pragma once
// The server's one API: the v3 API of wml-v3 (a, b) with additions of ours beside it. The command
// line, the learner and third-party clients use nothing else.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "accounts/accounts.hpp"
#include "accounts/audit_log.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "definition/definition_store.hpp"
#include "http/server.hpp"
#include "logstore/log_store.hpp"
#include "objectstore/open_store.hpp"
#include "repository/definition_repository.hpp"
#include "repository/experiment_repository.hpp"
#include "repository/run_repository.hpp"
#include "runtime/catalogue.hpp"
#include "runtime/environment_store.hpp"
#include "scheduler/scheduler.hpp"

namespace trainyard::api {

class RunHub;

struct ApiOptions {
  std::string user;  // the founder, whom `password` lets in beside any of their own
  Secret password;   // the key in the state directory; empty: none
  std::string instance_id;
  Secret signing_key;                   // of learners' tokens; at least 32 bytes
  TimePoint created_at;                 // of the instance
  bool echo_secrets = false;            // to a run's owner, for clients of old
  bool check_buckets = true;            // at submit
  bool probe_results = false;           // then, also by writing
  Milliseconds store_patience{10'000};  // of a request whose store is to be asked, when many are
  // A proxy stands before the API: its X-Forwarded-Proto says whether the client speaks TLS, and
  // the last of X-Forwarded-For who the client is.
  bool behind_proxy = false;
  objectstore::OpenOptions stores;
  definition::Limits definition_limits;
  Milliseconds cancel_grace{30'000};
  Milliseconds store_retry{24LL * 3600 * 1000};
  Milliseconds results_quiet{10'000};
  std::string version;
  std::string store_url;              // of the embedded store
  std::vector<std::string> warnings;  // shown by status: no sandbox, open to the network …
};

// What the API works on; all outlive it.
struct ApiParts {
  repository::RunRepository& runs;
  repository::DefinitionRepository& definitions;
  repository::ExperimentRepository& experiments;
  repository::ExperimentRunRepository& experiment_runs;
  definition::DefinitionStore& contents;
  logstore::LogStore& logs;
  scheduler::Scheduler& scheduler;
  runtime::Catalogue& catalogue;
  const runtime::Host& host;
  runtime::EnvironmentStore& environments;
  RunHub& hub;
  Clock& clock;
  accounts::Accounts& accounts;
  accounts::AuditLog& audit;
  // Takes runs out for good, or asks for them to end first and does it then (T23).
  std::function<void(const std::vector<model::RunId>&)> remove_runs;
};

class Api {
 public:
  virtual ~Api() = default;
  // For http::serve; thread-safe.
  virtual http::Answer handle(http::Request& request) = 0;
  // Error → status and the body of (a.6).
  virtual http::Response failure(const http::Request& request, const Error& error) = 0;
  // "GET /v3/models/{id}" of everything that is served.
  virtual std::vector<std::string> endpoints() const = 0;
};
std::unique_ptr<Api> make_api(ApiOptions options, ApiParts parts);

// The token of a run's learner; given to the scheduler (SchedulerOptions::learner_token).
Secret learner_token(const Secret& signing_key, const model::RunId& run, unsigned attempt);

}  // namespace trainyard::api
