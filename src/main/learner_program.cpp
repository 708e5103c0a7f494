#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/strings.hpp"
#include "learner/guard.hpp"
#include "learner/learner.hpp"
#include "main/learner_settings.hpp"
#include "main/programs.hpp"
#include "objectstore/open_store.hpp"

namespace trainyard {
namespace {

std::map<std::string, std::string> parse_flags(std::span<const std::string> args) {
  std::map<std::string, std::string> flags;
  for (std::size_t i = 0; i + 1 < args.size(); i += 2) flags[args[i]] = args[i + 1];
  for (const char* needed : {"--run", "--attempt", "--server", "--work-dir"}) {
    if (!flags.contains(needed)) {
      throw Error(ErrorKind::InvalidInput,
                  std::string("trainyard learner is started by the service; it needs ") + needed);
    }
  }
  return flags;
}

// SIGTERM and SIGINT become a stop request, on a thread that waits for them.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::stop_source stop) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this, stop](std::stop_token ended) mutable {
      const timespec pause{0, 200'000'000};
      while (!ended.stop_requested()) {
        if (::sigtimedwait(&signals_, nullptr, &pause) > 0) stop.request_stop();
      }
    });
  }

 private:
  sigset_t signals_;
  std::jthread thread_;
};

}  // namespace

int learner_program(std::span<const std::string> args) {
  const auto flags = parse_flags(args);
  ::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  const StopOnSignal on_signal(stop);
  const auto run = model::RunId::parse(flags.at("--run"));
  const auto attempt = parse_u64(flags.at("--attempt"));
  if (!run || !attempt) throw Error(ErrorKind::InvalidInput, "--run or --attempt is malformed");
  const fs::path work = flags.at("--work-dir");
  const LearnerSettings settings = read_learner_settings(work.parent_path());

  SystemClock clock;
  const auto http = http::make_client({.user_agent = "trainyard-learner", .ca_file = ""});
  const auto client = client::make_learner_client(
      *http, flags.at("--server"), *run, Secret(std::string(trim(read_file(work / "token")))));
  const auto cache = objectstore::open_dataset_cache(
      {.directory = settings.cache_directory, .max_bytes = settings.cache_bytes});
  learner::LearnerOptions options;
  options.attempt = static_cast<unsigned>(*attempt);
  options.work_dir = work;
  options.keep_free = settings.keep_free;
  options.hidden = {settings.state_directory};
  options.sandboxed = settings.sandboxed;
  options.guard = {"/proc/self/exe", "guard"};
  if (settings.sandboxed && settings.user_id != 0 && ::geteuid() == 0) {
    options.user = sandbox::User{settings.user_id, settings.group_id};
  }
  options.open_store = [&settings](const model::StoreReference& reference,
                                   const objectstore::RetryPolicy& retry,
                                   std::shared_ptr<objectstore::RetryWatch> watch) {
    return objectstore::open_store(
        reference, {.ca_file = settings.ca_file, .retry = retry, .retry_watch = std::move(watch)});
  };
  const auto end = learner::run_learner(*client, *cache, clock, options, stop);
  if (end == learner::LearnerEnd::Busy) return learner::kBusyExitCode;
  log::info("learner of {} ended: {}", run->str(),
            end == learner::LearnerEnd::Reported ? "reported" : "superseded");
  return 0;
}

int guard_program(std::span<const std::string> args) {
  if (args.empty()) {
    throw Error(ErrorKind::InvalidInput, "trainyard guard is started by a learner");
  }
  return learner::guard({args.begin(), args.end()});
}

}  // namespace trainyard
