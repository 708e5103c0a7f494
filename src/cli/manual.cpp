#include <fmt/format.h>

#include "cli/command.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kHead =
    ".TH TRAINYARD 1\n"
    ".SH NAME\n"
    "trainyard, bx \\- train models on the GPUs of a machine\n"
    ".SH SYNOPSIS\n"
    ".B trainyard\n.I COMMAND\n[ARGUMENT]... [OPTION]...\n"
    ".br\n"
    ".B bx ml\n.I COMMAND\n[ARGUMENT]...\n";

constexpr std::string_view kFoot =
    ".SH ENVIRONMENT\n"
    ".TP\n.B ML_ENV, ML_USERNAME, ML_PASSWORD, ML_INSTANCE\n"
    "Address of the service, who asks, and the instance. Without them the service of this machine\n"
    "is asked.\n"
    ".TP\n.B TRAINYARD_STATE_DIR\n"
    "Where the service of this machine keeps its state.\n"
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone; for a run that was followed: it completed\n"
    ".TP\n.B 1\nfailed; for a run that was followed: it ended otherwise\n"
    ".TP\n.B 2\nbad input: an argument, the manifest, the zip\n"
    ".TP\n.B 3\nnot found: no such run, file or service\n"
    ".TP\n.B 4\nnot allowed: user name, password or token\n"
    ".TP\n.B 5\nthe service does not answer\n"
    ".TP\n.B 6\nconflict: the run has ended already, say\n"
    ".TP\n.B 130\ninterrupted\n";

// Text that roff prints as it is.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '-') {
      result += "\\-";
    } else if (c == '\\') {
      result += "\\e";
    } else {
      result += c;
    }
  }
  return result;
}

std::string entry(const Command& command) {
  auto text =
      fmt::format(".TP\n.B {}{}{}\n{}\n", roff(command.name), command.usage.empty() ? "" : " ",
                  roff(command.usage), roff(command.summary));
  for (const Option& option : command.options) {
    text += fmt::format(".RS\n.TP\n.B {}{}{}{}{}\n{}\n.RE\n", roff(option.letter),
                        option.letter.empty() ? "" : ", ", roff(option.name),
                        option.value.empty() ? "" : " ", option.value, roff(option.help));
  }
  return text;
}

}  // namespace

std::string manual_page() {
  std::string text(kHead);
  text += ".SH COMMANDS\n";
  for (const Command& command : commands(Face::Trainyard)) text += entry(command);
  text += ".SH COMMANDS OF BX ML\n";
  for (const Command& command : commands(Face::Bx)) text += entry(command);
  return text + std::string(kFoot);
}

}  // namespace trainyard::cli
