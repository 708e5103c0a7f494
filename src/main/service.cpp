#include "main/service.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "accounts/accounts.hpp"
#include "accounts/audit_log.hpp"
#include "api/api.hpp"
#include "api/janitor.hpp"
#include "api/run_hub.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/lock_file.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "base/sync.hpp"
#include "build_info.hpp"
#include "engine/local_engine.hpp"
#include "gateway/gateway.hpp"
#include "http/client.hpp"
#include "learner/directories.hpp"
#include "main/identity.hpp"
#include "main/learner_settings.hpp"
#include "repository/observed_repository.hpp"
#include "repository/sqlite_repository.hpp"
#include "runtime/environment_store.hpp"
#include "sandbox/sandbox.hpp"
#include "scheduler/scheduler.hpp"

namespace trainyard {
namespace {

// Runs wait for the environment of their framework; those of a host program or an image do not.
class EnvironmentGate final : public scheduler::RuntimeGate {
 public:
  EnvironmentGate(const runtime::Catalogue& catalogue, const runtime::Host& host,
                  runtime::EnvironmentStore& environments)
      : catalogue_(catalogue), host_(host), environments_(environments) {}

  scheduler::Readiness readiness(const model::TrainingRun& run) override {
    using State = scheduler::Readiness::State;
    try {
      const auto spec = catalogue_.resolve(run.manifest.framework, host_);
      if (spec.kind != runtime::Kind::Environment) return {State::Ready, ""};
      const auto state = environments_.ensure(spec);
      switch (state.kind) {
        case runtime::EnvironmentState::Kind::Ready:
          return {State::Ready, ""};
        case runtime::EnvironmentState::Kind::Building:
          return {State::Building, state.detail};
        case runtime::EnvironmentState::Kind::Failed:
          return {State::Failed, state.detail};
      }
      return {State::Ready, ""};
    } catch (const Error& e) {
      return {State::Failed, e.what()};  // the machine changed since submit
    }
  }

 private:
  const runtime::Catalogue& catalogue_;
  const runtime::Host& host_;
  runtime::EnvironmentStore& environments_;
};

constexpr std::chrono::milliseconds kStoreCheck{5'000};

LockFile lock_state(const fs::path& state_dir) {
  auto lock = LockFile::try_acquire(state_dir / "service.lock", fmt::format("pid {}", ::getpid()));
  if (lock) return std::move(*lock);
  throw Error(ErrorKind::Conflict,
              fmt::format("another service already works in {}; stop it, or choose another "
                          "--state-dir",
                          state_dir.string()));
}

std::string host_in_url(const std::string& host) {
  if (host == "0.0.0.0" || host == "::") return "127.0.0.1";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string url_of(bool tls, const std::string& host, std::uint16_t port) {
  return fmt::format("{}://{}:{}", tls ? "https" : "http", host_in_url(host), port);
}

// The port of "http://host:port"; 0 when there is none.
std::uint16_t port_of(const std::string& url) {
  const auto port = parse_u64(std::string_view(url).substr(url.rfind(':') + 1));
  return port && *port <= 65535 ? static_cast<std::uint16_t>(*port) : std::uint16_t{0};
}

// Opens on `port`. When it stands for a free one, the one of the last start is tried first:
// learners that outlived the service, manifests and shells know it by that.
template <typename Open>
auto open_on(std::uint16_t port, std::uint16_t last, Open&& open) {
  if (port == 0 && last != 0) {
    try {
      return open(last);
    } catch (const Error& e) {
      log::info("port {} of the last start is not free any more: {}", last, e.what());
    }
  }
  return open(port);
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

void make_state_dir(const fs::path& directory) {
  try {
    make_private_dir(directory);
  } catch (const std::exception& e) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("there can be no state directory {} ({}): name another one with "
                            "--state-dir",
                            directory.string(), e.what()));
  }
}

sandbox::Support choose_sandbox(const Config& config, ProcessRunner& runner) {
  if (config.sandbox == SandboxMode::Off) {
    return {false,
            "the sandbox is switched off: commands see the service's files and run as its user"};
  }
  auto support = sandbox::probe_bubblewrap(runner);
  if (!support.works && config.sandbox == SandboxMode::Required) {
    throw Error(ErrorKind::Unsupported, "sandbox is set to required, but: " + support.reason);
  }
  return support;
}

void set_command_user(LearnerSettings& settings, const std::string& name) {
  if (::geteuid() != 0) return;
  if (const auto id = parse_u64(name)) {
    settings.user_id = settings.group_id = static_cast<unsigned>(*id);
    return;
  }
  const passwd* user = ::getpwnam(name.c_str());
  if (!user) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("run_as: there is no user {}", printable(name)));
  }
  settings.user_id = user->pw_uid;
  settings.group_id = user->pw_gid;
}

engine::LocalEngineOptions engine_options(const Config& config, const Environment& env) {
  engine::LocalEngineOptions options;
  options.runs_directory = config.state_dir / "runs";
  options.environment = env;
  if (config.cpu_slots > 0) options.cpu_slots = config.cpu_slots;
  return options;
}

definition::Limits definition_limits(const Config& config) {
  return {.max_size = config.definition_max_size,
          .max_unpacked = config.definition_max_unpacked,
          .max_entries = config.definition_max_entries,
          .max_ratio = config.definition_max_ratio};
}

class Service final : public RunningService {
 public:
  Service(const Config& config, const Environment& env)
      : config_(prepared(config)),
        lock_(lock_state(config_.state_dir)),
        identity_(load_identity(config_.state_dir, config_.user, clock_.now())),
        accounts_(accounts::open_accounts(config_.state_dir / "accounts.db",
                                          {identity_.user, identity_.signing_key}, clock_.now())),
        audit_(accounts::open_audit_log({.path = config_.state_dir / "audit.log"})),
        stored_(repository::open_sqlite_repositories(
            config_.state_dir / "trainyard.db",
            repository::Sealer::from_key_file(config_.state_dir / "sealing.key"))),
        logs_(logstore::open_log_store(config_.state_dir / "logs")),
        contents_(definition::open_definition_store(config_.state_dir / "definitions",
                                                    definition_limits(config_))),
        runs_(
            *stored_.runs, [this](const model::TrainingRun& run) { run_changed(run); },
            [this] { runs_removed(); }),
        experiment_runs_(*stored_.experiment_runs,
                         [this](const model::TrainingRun& run) { run_changed(run); }),
        engine_(engine::make_local_engine(engine_options(config_, env), clock_)),
        catalogue_(load_catalogue()),
        host_(runtime::detect_host(runner_, engine_->capacity().gpus, catalogue_.host_programs())),
        environments_(
            runtime::open_environment_store({.directory = config_.state_dir / "environments",
                                             .uv = host_.uv,
                                             .on_change = [this] { wake(); }},
                                            runner_, clock_)),
        gate_(catalogue_, host_, *environments_) {
    remember_ports();
    set_up_learners();
    start_store();
    start_janitor();
    start_api();
    scheduler_->start();
    janitor_->start();
    announce();
  }

  ~Service() override {
    server_->stop();
    if (local_server_) local_server_->stop();
    gateway_->stop();
    *scheduler_there_.lock() = nullptr;
  }

  const std::string& api_url() const override { return api_url_; }
  const std::string& store_url() const override { return store_url_; }

 private:
  static Config prepared(Config config) {
    if (config.tls_certificate.empty() != config.tls_key.empty()) {
      throw Error(ErrorKind::InvalidInput, "tls_certificate and tls_key go together: set both");
    }
    if (config.store_tls && config.tls_certificate.empty()) {
      throw Error(ErrorKind::InvalidInput, "store_tls needs tls_certificate and tls_key");
    }
    make_state_dir(config.state_dir);
    config.state_dir = fs::canonical(config.state_dir);
    make_private_dir(config.state_dir / "runs");
    return config;
  }

  runtime::Catalogue load_catalogue() const {
    auto catalogue = runtime::Catalogue::builtin();
    if (!config_.frameworks_file.empty()) {
      catalogue.add(read_file(config_.frameworks_file), config_.frameworks_file.string());
    }
    return catalogue;
  }

  void remember_ports() {
    if (!fs::exists(client_file_path(config_.state_dir))) return;
    const auto last = read_client_file(config_.state_dir);
    last_api_port_ = port_of(last.url);
    last_store_port_ = port_of(last.store_url);
  }

  void set_up_learners() {
    const auto support = choose_sandbox(config_, runner_);
    LearnerSettings settings{.state_directory = config_.state_dir,
                             .cache_directory = config_.state_dir / "cache",
                             .cache_bytes = config_.cache_size,
                             .keep_free = config_.keep_free,
                             .ca_file = config_.ca_file.string(),
                             .sandboxed = support.works};
    set_command_user(settings, config_.run_as);
    write_learner_settings(config_.state_dir / "runs", settings);
    if (!support.works) warn(support.reason);
    warn_if_open("the API", config_.listen, has_tls());
    warn_if_open("the embedded store", config_.store_listen, config_.store_tls);
  }

  bool has_tls() const { return !config_.tls_certificate.empty(); }

  void warn_if_open(std::string_view what, const Address& address, bool tls) {
    if (tls || is_loopback(address.host)) return;
    warn(fmt::format("{} is reachable from the network at {}, without TLS", what, address.host));
  }

  void warn(std::string text) {
    log::warn("{}", text);
    warnings_.push_back(std::move(text));
  }

  void start_store() {
    const auto lookup = [this](std::string_view key) -> std::optional<Secret> {
      if (key != identity_.store_access_key) return std::nullopt;
      return identity_.store_secret_key;
    };
    gateway::GatewayOptions options{.directory = config_.state_dir / "store",
                                    .host = config_.store_listen.host,
                                    .region = config_.store_region,
                                    .credentials = lookup};
    if (config_.store_tls) {
      options.certificate_file = config_.tls_certificate;
      options.key_file = config_.tls_key;
    }
    gateway_ = open_on(config_.store_listen.port, last_store_port_, [&](std::uint16_t port) {
      options.port = port;
      return gateway::open_gateway(options, clock_);
    });
    store_url_ = url_of(config_.store_tls, public_host(config_.store_listen), gateway_->port());
    if (config_.store_tls) check_store_certificate();
  }

  const std::string& public_host(const Address& address) const {
    return config_.public_host.empty() ? address.host : config_.public_host;
  }

  // Learners reach the store as others do: by its name, and with its certificate.
  void check_store_certificate() {
    http::ClientRequest request;
    request.url = store_url_;
    request.total_timeout = kStoreCheck;
    try {
      http::make_client({.ca_file = config_.ca_file})->send(request);
    } catch (const Error& e) {
      warn(
          fmt::format("runs cannot reach the embedded store: {}. tls_certificate must be for "
                      "public_host, and its authority be in ca_file unless the system has it",
                      e.what()));
    }
  }

  void start_janitor() {
    janitor_ = api::make_janitor(
        {.directory = config_.state_dir / "deletions", .retention = config_.retention},
        {.runs = runs_,
         .definitions = *stored_.definitions,
         .contents = *contents_,
         .logs = *logs_,
         .hub = hub_,
         .forget = [this](const model::RunId& id) { engine_->forget(id); },
         .has_unsaved_results =
             [this](const model::RunId& id) {
               return learner::has_unsaved_results(config_.state_dir / "runs" / id.str());
             },
         .wake_scheduler = [this] { wake(); },
         .clock = clock_});
  }

  // The scheduler needs the API's address for learners, the API the scheduler: the server listens
  // first and answers once both are there.
  void start_api() {
    http::ServerOptions options;
    options.host = config_.listen.host;
    options.port = config_.listen.port;
    options.max_body_bytes = config_.definition_max_size + (1 << 20);
    options.compress = true;
    options.io_threads = http::io_threads_for_many();
    options.certificate_file = config_.tls_certificate;
    options.key_file = config_.tls_key;
    server_ = serve_api(options, has_tls() ? 0 : last_api_port_);
    api_url_ = url_of(has_tls(), public_host(config_.listen), server_->port());
    local_url_ = url_of(false, config_.listen.host, server_->port());
    if (has_tls()) start_local_api(options);
    scheduler_ = scheduler::make_scheduler(
        runs_, *engine_, gate_, clock_,
        {.server_url = local_url_,
         .cancel_grace = config_.cancel_grace,
         .record_revision = [this] { return record_revision_.load(); },
         .learner_token =
             [this](const model::RunId& run, unsigned attempt) {
               return api::learner_token(identity_.signing_key, run, attempt);
             }});
    *scheduler_there_.lock() = scheduler_.get();
    api_ = api::make_api(api_options(), api_parts());
    std::scoped_lock guard(api_mutex_);
    api_there_ = true;
    api_ready_.notify_all();
  }

  // Beside TLS: learners and commands on this machine need no certificate that names it.
  void start_local_api(http::ServerOptions options) {
    options.host = "127.0.0.1";
    options.port = 0;
    options.certificate_file = options.key_file = "";
    local_server_ = serve_api(options, last_api_port_);
    local_url_ = url_of(false, options.host, local_server_->port());
  }

  std::unique_ptr<http::Server> serve_api(http::ServerOptions options, std::uint16_t last_port) {
    return open_on(options.port, last_port, [&](std::uint16_t port) {
      options.port = port;
      return http::serve(
          options,
          [this](http::Request& request) -> http::Answer { return ready_api().handle(request); },
          [this](const http::Request& request, const Error& error) {
            return ready_api().failure(request, error);
          });
    });
  }

  api::Api& ready_api() {
    std::unique_lock lock(api_mutex_);
    api_ready_.wait(lock, [&] { return api_there_; });
    return *api_;
  }

  api::ApiOptions api_options() const {
    api::ApiOptions options;
    options.user = identity_.user;
    options.password = identity_.password;
    options.instance_id = identity_.instance_id;
    options.signing_key = identity_.signing_key;
    options.created_at = identity_.created_at;
    options.echo_secrets = config_.echo_secrets;
    options.behind_proxy = config_.behind_proxy;
    options.check_buckets = config_.check_buckets;
    options.probe_results = config_.probe_results;
    options.stores.ca_file = config_.ca_file.string();
    options.definition_limits = definition_limits(config_);
    options.cancel_grace = config_.cancel_grace;
    options.store_retry = config_.store_retry;
    options.results_quiet = config_.results_quiet;
    options.version = build_info::kVersion;
    options.store_url = store_url_;
    options.warnings = warnings_;
    return options;
  }

  api::ApiParts api_parts() {
    return {.runs = runs_,
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
            .remove_runs = [this](const std::vector<model::RunId>& ids) { janitor_->remove(ids); }};
  }

  void announce() {
    write_client_file(config_.state_dir,
                      {.url = local_url_,
                       .store_url = store_url_,
                       .region = config_.store_region,
                       .user = identity_.user,
                       .password = identity_.password,
                       .instance_id = identity_.instance_id,
                       .access_key = identity_.store_access_key,
                       .secret_key = identity_.store_secret_key,
                       .ca_file = config_.store_tls ? config_.ca_file.string() : std::string()});
  }

  void wake() {
    if (auto scheduler = scheduler_there_.lock(); *scheduler) (*scheduler)->wake();
  }

  void run_changed(const model::TrainingRun& run) {
    ++record_revision_;
    if (model::is_terminal(run.status.state)) {
      try {
        logs_->seal(run.id);
      } catch (const std::exception& e) {
        log::error("the log of {} could not be sealed: {}", run.id.str(), e.what());
      }
      hub_.count_end(run.status.state);
      hub_.forget(run.id);
      if (janitor_) janitor_->run_ended(run.id);
    }
    hub_.changed(run.id);
  }

  // Those behind them in the queue may be next.
  void runs_removed() {
    ++record_revision_;
    wake();
  }

  SystemClock clock_;
  SystemProcessRunner runner_;
  const Config config_;
  const LockFile lock_;
  const Identity identity_;
  accounts::Accounts accounts_;
  const std::unique_ptr<accounts::AuditLog> audit_;
  api::RunHub hub_;
  repository::Repositories stored_;
  std::unique_ptr<logstore::LogStore> logs_;
  std::unique_ptr<definition::DefinitionStore> contents_;
  Sync<scheduler::Scheduler*> scheduler_there_;  // null once it is about to go
  std::atomic<std::uint64_t> record_revision_{0};
  repository::ObservedRepository runs_;
  repository::ObservedExperimentRuns experiment_runs_;
  std::unique_ptr<engine::ComputeEngine> engine_;
  runtime::Catalogue catalogue_;
  const runtime::Host host_;
  std::unique_ptr<runtime::EnvironmentStore> environments_;
  EnvironmentGate gate_;
  std::vector<std::string> warnings_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::uint16_t last_api_port_ = 0, last_store_port_ = 0;
  std::string api_url_, local_url_, store_url_;  // local: for learners and commands here
  std::mutex api_mutex_;
  std::condition_variable api_ready_;
  bool api_there_ = false;
  // The janitor's thread uses what stands above; the scheduler's and the servers' use the janitor.
  std::unique_ptr<api::Janitor> janitor_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> server_, local_server_;
};

}  // namespace

std::unique_ptr<RunningService> start_service(const Config& config, const Environment& env) {
  return std::make_unique<Service>(config, env);
}

}  // namespace trainyard
