#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kIds = "$(trainyard list --quiet 2>/dev/null)";

std::string names(Face face) {
  std::vector<std::string> result;
  for (const Command& command : commands(face)) result.emplace_back(command.name);
  return join(result, " ");
}

std::string option_names(const Command& command) {
  std::vector<std::string> result;
  for (const Option& option : command.options) result.emplace_back(option.name);
  return join(result, " ");
}

std::string choice_words(const Command& command) {
  return join({command.choices.begin(), command.choices.end()}, " ");
}

// A command's case: its options after a dash, else what it takes.
std::string bash_case(const Command& command) {
  std::string words = choice_words(command);
  if (command.words == Words::RunIds) words = kIds;
  if (words.empty() && command.options.empty()) return "";
  return fmt::format("    {}) options='{}' words=\"{}\" ;;\n", command.name, option_names(command),
                     words);
}

std::string bash() {
  std::string cases, bx_cases;
  for (const Command& command : commands(Face::Trainyard)) cases += bash_case(command);
  for (const Command& command : commands(Face::Bx)) {
    const auto words = choice_words(command);
    if (!words.empty()) bx_cases += fmt::format("    {}) words='{}' ;;\n", command.name, words);
  }
  return fmt::format(R"sh(_trainyard_offer() {{
  local IFS=$' \n' word
  COMPREPLY=()
  for word in $1; do
    if [[ $word == "$2"* ]]; then COMPREPLY+=("$word"); fi
  done
}}
_trainyard() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} options='' words=''
  if ((COMP_CWORD == 1)); then
    _trainyard_offer '{0}' "$current"
    return
  fi
  case ${{COMP_WORDS[1]}} in
{1}  esac
  if [[ $current == -* ]]; then words=$options; fi
  _trainyard_offer "$words" "$current"
}}
_trainyard_bx() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} words=''
  case $COMP_CWORD in
    1) words=ml ;;
    2) words='{2}' ;;
    3) case ${{COMP_WORDS[2]}} in
{3}    esac ;;
    4) if [[ ${{COMP_WORDS[3]}} == train* ]]; then words="{4}"; fi ;;
  esac
  _trainyard_offer "$words" "$current"
}}
complete -o default -F _trainyard trainyard
complete -o default -F _trainyard_bx bx
)sh",
                     names(Face::Trainyard), cases, names(Face::Bx), bx_cases, kIds);
}

std::string zsh() {
  std::string list, id_commands;
  for (const Command& command : commands(Face::Trainyard)) {
    list += fmt::format("    '{}:{}'\n", command.name, command.summary);
    if (command.words == Words::RunIds) {
      id_commands += fmt::format("{}{}", id_commands.empty() ? "" : "|", command.name);
    }
  }
  return fmt::format(R"sh(#compdef trainyard
_trainyard() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  case $words[2] in
    {}) compadd -- ${{(f)"{}"}} ;;
    *) _files ;;
  esac
}}
compdef _trainyard trainyard
)sh",
                     list, id_commands, kIds);
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("\\'") : std::string(1, c);
  return result + "'";
}

std::string fish() {
  std::string text;
  for (const Command& command : commands(Face::Trainyard)) {
    text += fmt::format("complete -c trainyard -n __fish_use_subcommand -a {} -d {}\n",
                        command.name, quoted(command.summary));
    for (const Option& option : command.options) {
      text += fmt::format("complete -c trainyard -n '__fish_seen_subcommand_from {}' -l {} -d {}\n",
                          command.name, option.name.substr(2), quoted(option.help));
    }
    if (command.words == Words::RunIds) {
      text += fmt::format(
          "complete -c trainyard -f -n '__fish_seen_subcommand_from {}' -a '(trainyard list "
          "--quiet 2>/dev/null)'\n",
          command.name);
    }
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  throw Error(ErrorKind::InvalidInput,
              fmt::format("there are completions for bash, zsh and fish, not for \"{}\"",
                          printable(shell)));
}

Command trainyard_completion() {
  return {.name = "completion",
          .usage = "bash|zsh|fish",
          .summary = "a completion script for the shell to source",
          .least_words = 1,
          .most_words = 1,
          .run = [](Session& session, const Arguments& arguments) -> int {
            session.context.out << completion_script(arguments.words[0]);
            return kOk;
          },
          .choices = {"bash", "zsh", "fish"}};
}

}  // namespace trainyard::cli
