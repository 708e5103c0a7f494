#include <fmt/format.h>

#include <cstdio>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "main/identity.hpp"
#include "main/programs.hpp"

namespace trainyard {
namespace {

constexpr const char* kHelp =
    "Usage: trainyard env [--state-dir DIR]\n\n"
    "Prints the address of the service and the credentials of its user and its embedded store as\n"
    "lines for a shell: eval \"$(trainyard env)\"\n";

}  // namespace

int env_program(std::span<const std::string> args, const Environment& env) {
  std::filesystem::path state_dir = default_state_dir(env);
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--help" || args[i] == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (args[i] == "--state-dir" && i + 1 < args.size()) {
      state_dir = args[++i];
    } else if (args[i].rfind("--state-dir=", 0) == 0) {
      state_dir = args[i].substr(args[i].find('=') + 1);
    } else {
      throw Error(ErrorKind::InvalidInput,
                  fmt::format("unknown argument {}\n{}", printable(args[i]), kHelp));
    }
  }
  const auto lines = export_lines(read_client_file(state_dir));
  if (std::fputs(lines.c_str(), stdout) == EOF || std::fflush(stdout) != 0) {
    throw_errno("write to standard output");
  }
  return 0;
}

}  // namespace trainyard
