#include <malloc.h>
#include <signal.h>

#include <cstdio>

#include "base/log.hpp"
#include "base/process.hpp"
#include "main/programs.hpp"
#include "main/service.hpp"

namespace trainyard {
namespace {

constexpr int kArenas = 2;  // of malloc: each costs resident memory, and few threads allocate

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::Debug;
  if (name == "warn") return log::Level::Warn;
  if (name == "error") return log::Level::Error;
  return log::Level::Info;
}

}  // namespace

int serve_program(std::span<const std::string> args, const Environment& env) {
  if (wants_help(args)) {
    std::fputs(serve_help().c_str(), stdout);
    return 0;
  }
  if (args.size() == 1 && args[0] == "--help-markdown") {
    std::fputs(configuration_page().c_str(), stdout);
    return 0;
  }
  const Config config = load_config(args, env);
  log::set_level(level_of(config.log_level));
  ::mallopt(M_ARENA_MAX, kArenas);
  ::signal(SIGPIPE, SIG_IGN);
  // Blocked before the first thread starts, so that all inherit it and only sigwait takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const auto service = start_service(config, env);
  std::printf("trainyard ready: api %s store %s\n", service->api_url().c_str(),
              service->store_url().c_str());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&ends, &signal);
  log::info("stopping; runs go on");
  return 0;
}

}  // namespace trainyard
