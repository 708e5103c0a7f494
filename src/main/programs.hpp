#pragma once
// The parts of the program that are not the command line proper (cli/): each takes the words after
// its own name and returns an exit code.
#include <span>
#include <string>

#include "main/config.hpp"

namespace trainyard {

int serve_program(std::span<const std::string> args, const Environment& env);
int learner_program(std::span<const std::string> args);  // started by the local engine
int guard_program(std::span<const std::string> args);    // by a learner, around its command
int env_program(std::span<const std::string> args, const Environment& env);

}  // namespace trainyard
