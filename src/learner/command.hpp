#pragma once
// The user's command as a command line: a shell in MODEL_DIR, with what stands around it.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "learner/layout.hpp"
#include "sandbox/sandbox.hpp"

namespace trainyard::learner {

struct CommandRequest {
  const Layout& layout;
  const wire::Assignment& assignment;
  std::filesystem::path data_directory;              // shown as DATA_DIR when confined
  std::vector<std::filesystem::path> hidden = {};    // from a sandboxed command
  std::optional<sandbox::User> user = std::nullopt;  // of a sandboxed command
  std::vector<std::string> guard = {};  // goes in front of one that nothing confines (guard.hpp)
};

struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::filesystem::path cwd;
};

Command make_command(const CommandRequest& request);

// What the shell is given. On SIGTERM, which all processes of the command get, it waits for those
// that it started, so that they can save what they have, and then ends instead of going on.
std::string shell_script(const std::string& command);

// Programs of this name belong to the sandbox: SIGTERM would end everything in it at once.
inline constexpr std::string_view kSandboxProgram = "bwrap";

}  // namespace trainyard::learner
