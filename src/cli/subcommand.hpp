#pragma once
// Commands whose first word says what to do: `trainyard user add NAME`.
#include <functional>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace trainyard::cli {

struct Subcommand {
  std::string_view name;
  std::string_view usage;  // the words after it: "NAME ROLE", each of which must be there
  std::function<int(Session&, const Arguments&)> run;
};

// Throws InvalidInput: no such action, with the nearest; a word too few or too many.
int run_action(std::string_view command, const std::vector<Subcommand>& actions, Session& session,
               const Arguments& arguments);
std::vector<std::string_view> names_of(const std::vector<Subcommand>& actions);

}  // namespace trainyard::cli
