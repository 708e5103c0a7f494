#include "sandbox/container.hpp"

#include "base/strings.hpp"

namespace trainyard::sandbox {

std::vector<std::string> container_command(const ContainerSpec& spec) {
  std::vector<std::string> argv = {spec.program,
                                   "run",
                                   "--rm",
                                   "--init",
                                   "--name",
                                   spec.name,
                                   "--network",
                                   "host",
                                   "--security-opt=no-new-privileges",
                                   "--workdir",
                                   spec.cwd.string()};
  for (const Mount& mount : spec.mounts) {
    const char* access = mount.access == Access::ReadOnly ? ",readonly" : "";
    argv.push_back("--mount");
    argv.push_back("type=bind,source=" + mount.source.string() +
                   ",target=" + mount.target.string() + access);
  }
  for (const auto& [name, value] : spec.env) {
    if (name == "PATH" || name == "HOSTNAME") continue;
    argv.push_back("--env");
    argv.push_back(name + "=" + value);
  }
  if (!spec.gpus.empty()) {
    if (spec.program == "docker") {
      argv.insert(argv.end(), {"--gpus", "\"device=" + join(spec.gpus, ",") + "\""});
    } else {
      for (const auto& gpu : spec.gpus) {
        argv.insert(argv.end(), {"--device", "nvidia.com/gpu=" + gpu});
      }
    }
  }
  argv.insert(argv.end(), {"--entrypoint", spec.argv.front(), spec.image});
  argv.insert(argv.end(), spec.argv.begin() + 1, spec.argv.end());
  return argv;
}

}  // namespace trainyard::sandbox
