#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"

namespace trainyard::cli {
namespace {

// wml-v3 (f)
constexpr std::string_view kBxHead =
    "NAME:\n"
    "   bx ml - Manage machine learning lifecycle on Bluemix\n"
    "USAGE:\n"
    "   bx ml command [arguments...] [command options]\n"
    "\n"
    "COMMANDS:\n";
constexpr std::string_view kBxFoot =
    "\nEnter 'bx ml help [command]' for more information about a command.\n";
constexpr std::size_t kBxNameWidth = 10;

constexpr std::string_view kTrainyardHead =
    "Trains models on the GPUs of a machine: `trainyard serve` is the service, the other commands\n"
    "speak to it.\n"
    "\n"
    "Usage: trainyard COMMAND [ARGUMENT]... [OPTION]...\n"
    "\n"
    "Commands:\n";
constexpr std::string_view kTrainyardFoot =
    "\n`trainyard help COMMAND` says more about one. `trainyard bx ml …` speaks as `bx ml …`.\n";

std::size_t name_width(Face face) {
  if (face == Face::Bx) return kBxNameWidth;
  std::size_t width = 0;
  for (const Command& command : commands(face)) width = std::max(width, command.name.size() + 2);
  return width;
}

}  // namespace

std::string usage_line(Face face, const Command& command) {
  auto line = fmt::format("Usage: {} {}", program_name(face), command.name);
  if (!command.usage.empty()) line += fmt::format(" {}", command.usage);
  for (const Option& option : command.options) {
    line += fmt::format(" [{}{}{}]", option.name, option.value.empty() ? "" : " ", option.value);
  }
  return line;
}

std::string help_text(Face face) {
  const bool bx = face == Face::Bx;
  const auto width = name_width(face);
  std::string text(bx ? kBxHead : kTrainyardHead);
  for (const Command& command : commands(face)) {
    auto line = fmt::format("   {:<{}}", command.name, width);
    if (command.name.size() >= width) line += "  ";
    line += command.summary;
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text + std::string(bx ? kBxFoot : kTrainyardFoot);
}

std::string command_help(Face face, const Command& command) {
  auto text = usage_line(face, command) + "\n";
  if (!command.summary.empty()) text += fmt::format("\n{}\n", command.summary);
  if (!command.options.empty()) text += "\nOptions:\n";
  for (const Option& option : command.options) {
    std::string names(option.name);
    if (!option.letter.empty()) names = fmt::format("{}, {}", option.letter, names);
    if (!option.value.empty()) names += fmt::format(" {}", option.value);
    text += fmt::format("  {:<20} {}\n", names, option.help);
  }
  return text;
}

}  // namespace trainyard::cli
