#include <fmt/format.h>

#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/command.hpp"

namespace trainyard::cli {
namespace {

[[noreturn]] void refuse(Face face, const Command& command, const std::string& what) {
  throw Error(ErrorKind::InvalidInput, what + "\n" + usage_line(face, command));
}

std::string names_of(const Option& option) {
  return option.letter.empty() ? std::string(option.name)
                               : fmt::format("{},{}", option.letter, option.name);
}

std::string unknown_option(const Command& command, const std::string& word) {
  std::vector<std::string> known;
  for (const Option& option : command.options) known.emplace_back(option.name);
  const auto meant = nearest(word.substr(0, word.find('=')), known);
  return fmt::format("unknown option {}{}", printable(word),
                     meant ? fmt::format("; did you mean {}?", *meant) : "");
}

struct Parsed {
  std::vector<std::string> words;
  std::vector<std::pair<const CLI::Option*, const Option*>> options;
};

void declare(CLI::App& app, const Command& command, Parsed& into) {
  app.set_help_flag();
  app.allow_extras();
  app.add_option("words", into.words);
  for (const Option& option : command.options) {
    const bool takes_value = !option.value.empty();
    into.options.emplace_back(
        takes_value
            ? app.add_option(names_of(option))->type_name(std::string(option.value))->take_last()
            : app.add_flag(names_of(option)),
        &option);
  }
}

}  // namespace

Arguments parse_arguments(const Command& command, Face face, std::span<const std::string> args) {
  CLI::App app;
  Parsed parsed;
  declare(app, command, parsed);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));  // it takes them from the back
  } catch (const CLI::ParseError& e) {
    refuse(face, command, e.what());
  }
  if (const auto rest = app.remaining(); !rest.empty()) {
    refuse(face, command, unknown_option(command, rest.front()));
  }
  if (parsed.words.size() < command.least_words) refuse(face, command, "an argument is missing");
  if (parsed.words.size() > command.most_words) {
    refuse(face, command,
           fmt::format("\"{}\" is one argument too many",
                       printable(parsed.words[command.most_words])));
  }

  Arguments result;
  result.words = std::move(parsed.words);
  for (const auto& [found, option] : parsed.options) {
    if (found->count() > 0) result.options[std::string(option->name)] = found->results().back();
  }
  return result;
}

}  // namespace trainyard::cli
