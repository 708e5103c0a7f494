#pragma once
// The command line: one program with two faces. As `bx` it prints what the service of old printed,
// to the letter (T17–T23, wml-v3 f); as `trainyard` it says more, and JSON when asked.
#include <filesystem>
#include <iosfwd>
#include <map>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.hpp"

namespace trainyard::http {
class Client;
}

namespace trainyard::cli {

enum class Face { Bx, Trainyard };

// docs/exit-codes.md
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kBadInput = 2,
  kNotFound = 3,
  kNotAllowed = 4,
  kUnreachable = 5,
  kConflict = 6,
  kInterrupted = 130,
};

struct Build {
  std::string version;
  std::string commit;
  std::string built_at;  // "20180118.120022"
};

struct Context {
  std::ostream& out;
  std::ostream& err;
  std::map<std::string, std::string> env;
  std::filesystem::path state_dir;    // where a service of this machine keeps its state
  std::filesystem::path working_dir;  // generated files go here
  bool terminal = false;              // `err` is one: progress is redrawn in place
  Build build;
  http::Client& http;
  Clock& clock;
  std::stop_token stop;  // Ctrl-C
};

// `args`: the words after "bx" or "trainyard"; `trainyard bx …` is `bx …`. Never throws: errors go
// to `err`, after the line FAILED. Returns an ExitCode. The programs of the table that are no
// commands (serve, env: see command.hpp) are the caller's to start.
int run(Face face, std::span<const std::string> args, Context& context);

}  // namespace trainyard::cli
