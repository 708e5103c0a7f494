#pragma once
// The framework catalogue (T7): name and version → what a run's command runs in.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/manifest.hpp"
#include "runtime/host.hpp"

namespace trainyard::runtime {

enum class Kind { Host, Environment, Image };
std::string_view to_string(Kind kind);  // "host", "environment", "image"

// A framework name and version, resolved on this machine.
struct RuntimeSpec {
  Kind kind = Kind::Host;
  std::string framework;
  std::string version;                // of the catalogue: "2.21"
  std::filesystem::path program;      // Host: the interpreter or program that stands for it
  Python python;                      // Environment: made with this interpreter
  std::vector<std::string> packages;  // Environment: requirement lines, in order
  std::string image;                  // Image
  std::string container;              // Image: "podman" or "docker"
  std::map<std::string, std::string> variables;

  std::string label() const;  // "tensorflow 2.21 (python 3.11)"
  // Environment: hex digest of everything that decides what is in it; equal specs share it.
  std::string environment_id() const;
};

struct FrameworkInfo {
  std::string name;
  std::string version;
  std::vector<std::string> aliases;  // other versions' words that mean it: "latest", "2"
  Kind kind = Kind::Host;
  bool usable = false;
  std::string why_not;  // empty when usable
};

class Catalogue {
 public:
  // The built-in catalogue.
  static Catalogue builtin();
  // Adds the frameworks of a YAML file; an entry of the same name and version replaces the
  // built-in one. Throws InvalidInput naming file, line and what is wrong.
  void add(std::string_view yaml, const std::string& file_name);

  // InvalidInput for an unknown name or version (naming the nearest and what there is);
  // Unsupported when it is known but this machine cannot run it (naming what is missing).
  // Version words: exact ("2.21"), a patch release ("2.21.0"), a prefix ("2"), "latest" or none;
  // the old suffixes -py3, -gpu, -cpu are dropped. framework.name "custom" takes an image name.
  RuntimeSpec resolve(const model::Framework& framework, const Host& host) const;
  std::vector<FrameworkInfo> list(const Host& host) const;
  std::vector<std::string> host_programs() const;  // what detect_host should look for

  struct Entry {                        // one row of the file: versions that are made the same way
    std::vector<std::string> versions;  // the newest first
    Kind kind = Kind::Host;
    std::string program;                                            // Host
    PythonVersion python_min{3, 8}, python_max{3, 99};              // Environment
    std::vector<std::string> packages, cpu_packages, gpu_packages;  // "{pin}" is the version
    std::string image;                                              // "{version}" too
    std::map<std::string, std::string> variables;
  };
  struct Framework {
    std::string name;
    std::vector<std::string> aliases;
    std::vector<Entry> entries;
  };

 private:
  const Framework* find(std::string_view name) const;
  std::vector<Framework> frameworks_;
};

}  // namespace trainyard::runtime
