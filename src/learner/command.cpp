#include "learner/command.hpp"

#include <glob.h>

#include <utility>

#include "base/error.hpp"
#include "base/process.hpp"
#include "learner/environment.hpp"
#include "sandbox/container.hpp"

namespace trainyard::learner {
namespace {

namespace fs = std::filesystem;
using sandbox::Access;
using sandbox::Mount;

std::vector<fs::path> gpu_devices() {
  std::vector<fs::path> result;
  glob_t found{};
  if (::glob("/dev/nvidia*", 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) result.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  return result;
}

std::vector<Mount> run_mounts(const CommandRequest& request) {
  const Layout& layout = request.layout;
  return {{layout.job_dir(), "/job", Access::ReadWrite},
          {layout.home(), "/root", Access::ReadWrite},
          {layout.tmp(), "/tmp", Access::ReadWrite},
          {request.data_directory, fs::path("/mnt/data") / layout.data_bucket, Access::ReadOnly},
          {layout.results_bucket_dir(), fs::path("/mnt/results") / layout.results_bucket,
           Access::ReadWrite}};
}

// The installation that an environment's python is a link into, when it is not the system's: it may
// lie in a home directory, of which a sandbox shows nothing.
std::optional<fs::path> foreign_interpreter(const fs::path& environment) {
  std::error_code missing;
  const fs::path program = fs::canonical(environment / "bin/python", missing);
  if (missing) return std::nullopt;
  const fs::path prefix = program.parent_path().parent_path();
  const bool system = prefix == "/" || prefix.native().rfind("/usr", 0) == 0;
  const bool inside = prefix.native().rfind(environment.native(), 0) == 0;
  return system || inside ? std::nullopt : std::optional(prefix);
}

void add_environment(std::vector<Mount>& mounts, const std::string& environment) {
  if (environment.empty()) return;
  if (const auto prefix = foreign_interpreter(environment)) {
    mounts.push_back({*prefix, *prefix, Access::ReadOnly});
  }
  mounts.push_back({environment, environment, Access::ReadOnly});
}

std::vector<std::string> shell(const CommandRequest& request) {
  return {"/bin/bash", "-c", shell_script(request.assignment.manifest.command)};
}

Command plain(const CommandRequest& request) {
  std::vector<std::string> argv = request.guard;
  for (std::string& word : shell(request)) argv.push_back(std::move(word));
  return {.argv = std::move(argv),
          .env = command_environment(request.layout, request.assignment, current_environment()),
          .cwd = request.layout.model_dir()};
}

Command sandboxed(const CommandRequest& request) {
  Command command = plain(request);
  auto mounts = run_mounts(request);
  add_environment(mounts, request.assignment.runtime.environment);
  command.argv = sandbox::bubblewrap_command(
      {.argv = shell(request),
       .cwd = request.layout.seen(request.layout.model_dir()),
       .mounts = std::move(mounts),
       .hidden = request.hidden,
       .devices = request.assignment.gpus ? gpu_devices() : std::vector<fs::path>{},
       .user = request.user},
      sandbox::list_root());
  // The learner's PATH finds it, not the command's.
  const auto program = find_program(command.argv.front());
  if (!program) throw Error(ErrorKind::NotFound, "bubblewrap is not installed any more");
  command.argv.front() = program->native();
  return command;
}

Command contained(const CommandRequest& request) {
  const auto& assignment = request.assignment;
  const Command inner = plain(request);
  auto env = inner.env;
  env["TINI_KILL_PROCESS_GROUP"] =
      "1";  // docker's init: SIGTERM is for all, not for the shell only
  return {.argv = sandbox::container_command(
              {.program = assignment.runtime.image_program,
               .image = assignment.runtime.image,
               .name = assignment.run.str(),
               .argv = {"/bin/sh", "-c", shell_script(assignment.manifest.command)},
               .cwd = request.layout.seen(inner.cwd),
               .mounts = run_mounts(request),
               .env = std::move(env),
               .gpus = assignment.gpus ? assignment.slots : std::vector<std::string>{}}),
          .env = current_environment(),
          .cwd = inner.cwd};
}

}  // namespace

std::string shell_script(const std::string& command) {
  // On one line with the command, so that the shell's messages name the user's line numbers.
  return R"(trap 'trap "" TERM; wait; exit 143' TERM; )" + command;
}

Command make_command(const CommandRequest& request) {
  switch (request.layout.confinement) {
    case Confinement::None:
      return plain(request);
    case Confinement::Sandbox:
      return sandboxed(request);
    case Confinement::Container:
      return contained(request);
  }
  throw Error(ErrorKind::Internal, "unknown confinement");
}

}  // namespace trainyard::learner
