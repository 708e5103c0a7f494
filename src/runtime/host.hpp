#pragma once
// What this machine offers to run frameworks with. Found once at start; pure data afterwards.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"

namespace trainyard::runtime {

struct PythonVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const PythonVersion&) const = default;
  std::string to_string() const;
  static std::optional<PythonVersion> parse(std::string_view text);  // "3.11", "3.11.2", "3"
};

struct Python {
  std::filesystem::path program;
  PythonVersion version;
};

struct Host {
  bool gpus = false;
  std::vector<Python> pythons;         // the preferred first: the system's own python3
  bool can_make_environments = false;  // python3 has venv, or uv is there
  std::optional<std::filesystem::path> uv;
  std::optional<std::string> container;                   // "podman" or "docker"
  std::map<std::string, std::filesystem::path> programs;  // asked for by name, found in PATH
};

// Looks for pythons (python3, python3.8 … python3.14), uv, podman or docker, and `programs`.
Host detect_host(ProcessRunner& runner, bool gpus, const std::vector<std::string>& programs);

}  // namespace trainyard::runtime
