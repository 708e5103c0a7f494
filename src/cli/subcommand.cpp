#include "cli/subcommand.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::cli {

int run_action(std::string_view command, const std::vector<Subcommand>& actions, Session& session,
               const Arguments& arguments) {
  const std::string& wanted = arguments.words[0];
  std::vector<std::string> names;
  for (const Subcommand& action : actions) {
    names.emplace_back(action.name);
    if (action.name != wanted) continue;
    const auto words = action.usage.empty() ? 0 : split(action.usage, ' ').size();
    if (arguments.words.size() == words + 1) return action.run(session, arguments);
    throw Error(ErrorKind::InvalidInput,
                fmt::format("this is `trainyard {} {}{}{}`", command, action.name,
                            action.usage.empty() ? "" : " ", action.usage));
  }
  const auto meant = nearest(wanted, names);
  throw Error(
      ErrorKind::InvalidInput,
      fmt::format("trainyard {} does not know \"{}\"{}; there are {}", command, printable(wanted),
                  meant ? fmt::format(" (did you mean {}?)", *meant) : "", join(names, ", ")));
}

std::vector<std::string_view> names_of(const std::vector<Subcommand>& actions) {
  std::vector<std::string_view> names;
  for (const Subcommand& action : actions) names.push_back(action.name);
  return names;
}

}  // namespace trainyard::cli
