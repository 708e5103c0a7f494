#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "build_info.hpp"
#include "cli/cli.hpp"
#include "http/client.hpp"
#include "main/programs.hpp"

namespace {

using namespace trainyard;

int run_cli(cli::Face face, std::span<const std::string> args, const Environment& env) {
  const auto authorities = env.find("TRAINYARD_CA_FILE");
  const auto http =
      http::make_client({.user_agent = "trainyard-cli",
                         .ca_file = authorities == env.end() ? "" : authorities->second});
  SystemClock clock;
  cli::Context context{.out = std::cout,
                       .err = std::cerr,
                       .env = env,
                       .state_dir = default_state_dir(env),
                       .working_dir = std::filesystem::current_path(),
                       .terminal = ::isatty(STDERR_FILENO) == 1,
                       .build = {.version = std::string(build_info::kVersion),
                                 .commit = std::string(build_info::kGitCommit),
                                 .built_at = std::string(build_info::kUtcBuildTime)},
                       .http = *http,
                       .clock = clock,
                       .stop = {}};
  return cli::run(face, args, context);
}

int dispatch(const std::string& program, std::span<const std::string> args,
             const Environment& env) {
  if (program == "bx") return run_cli(cli::Face::Bx, args, env);
  const std::string verb = args.empty() ? "" : args[0];
  if (verb == "serve") return serve_program(args.subspan(1), env);
  if (verb == "learner") return learner_program(args.subspan(1));
  if (verb == "guard") return guard_program(args.subspan(1));
  if (verb == "env") return env_program(args.subspan(1), env);
  if (verb == "bx") return run_cli(cli::Face::Bx, args.subspan(1), env);
  return run_cli(cli::Face::Trainyard, args, env);
}

// A standard stream that the caller closed must not become a file or socket of ours, into which
// what we print would go. Standard output and error are taken read-only, so that writing fails.
void keep_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // takes the lowest free number
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  const std::string program = std::filesystem::path(argc > 0 ? argv[0] : "trainyard").filename();
  const std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  try {
    return dispatch(program, args, trainyard::current_environment());
  } catch (const trainyard::Error& e) {
    std::fprintf(stderr, "FAILED\n%s\n", e.what());
    return e.kind() == trainyard::ErrorKind::InvalidInput ? trainyard::cli::kBadInput
           : e.kind() == trainyard::ErrorKind::NotFound   ? trainyard::cli::kNotFound
                                                          : trainyard::cli::kFailed;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "FAILED\n%s\n", e.what());
    return trainyard::cli::kFailed;
  }
}
