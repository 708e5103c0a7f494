#pragma once
// A command inside a container image, run by podman or docker. Pure.
#include <map>
#include <string>
#include <vector>

#include "sandbox/sandbox.hpp"

namespace trainyard::sandbox {

struct ContainerSpec {
  std::string program;  // "podman" or "docker"
  std::string image;
  std::string name;  // of the container
  std::vector<std::string> argv;
  std::filesystem::path cwd;
  std::vector<Mount> mounts;
  std::map<std::string, std::string> env;
  std::vector<std::string> gpus;  // UUIDs
};
// The image's own PATH is kept; the container goes with its command.
std::vector<std::string> container_command(const ContainerSpec& spec);

}  // namespace trainyard::sandbox
