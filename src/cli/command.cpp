#include "cli/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"

namespace trainyard::cli {
namespace {

// What the service of old did beside training (wml-v3 f).
constexpr std::array<std::string_view, 5> kNotOffered = {"deploy", "score", "libraries", "runtimes",
                                                         "models"};

Command help(std::vector<Option> options) {
  return {.name = "help", .usage = "[COMMAND]", .most_words = 1, .options = std::move(options)};
}

std::vector<Command> bx_commands() {
  return {bx_show(),    bx_train(), bx_delete(),      bx_cancel(),  bx_list(),
          bx_monitor(), bx_store(), bx_experiments(), bx_version(), bx_generate_manifest(),
          help({})};
}

std::vector<Command> trainyard_commands() {
  std::vector<Command> table = {
      trainyard_train(),
      trainyard_list(),
      trainyard_show(),
      trainyard_logs(),
      trainyard_why(),
      trainyard_cancel(),
      trainyard_delete(),
      trainyard_definition(),
      trainyard_experiment(),
      trainyard_validate(),
      trainyard_status(),
      trainyard_frameworks(),
      trainyard_user(),
      trainyard_token(),
      trainyard_audit(),
      {.name = "serve",
       .usage = "[OPTION]...",
       .summary = "start the service; `trainyard serve --help` lists its options"},
      {.name = "env",
       .usage = "[--state-dir DIR]",
       .summary = "address and credentials of a service, for a shell to eval"},
      trainyard_schema(),
      trainyard_completion(),
      trainyard_version(),
      help({{"--man", "", "", "print the manual page, trainyard(1)"}})};
  table.back().summary = "this list, or more about one command";
  return table;
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = options.find(option);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint64_t> Arguments::number(std::string_view option) const {
  const auto text = value(option);
  if (!text) return std::nullopt;
  const auto number = parse_u64(*text);
  if (!number) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("{} needs a whole number, not \"{}\"", option, printable(*text)));
  }
  return number;
}

client::ApiClient& Session::api() {
  if (!api_) {
    auto endpoint = state_dir_ ? client::read_endpoint(*state_dir_)
                               : client::find_endpoint(context.env, context.state_dir);
    api_ = std::make_unique<client::ApiClient>(context.http, context.clock, std::move(endpoint),
                                               context.stop);
  }
  return *api_;
}

std::string_view program_name(Face face) { return face == Face::Bx ? "bx ml" : "trainyard"; }

const std::vector<Command>& commands(Face face) {
  static const std::vector<Command> bx = bx_commands();
  static const std::vector<Command> trainyard = trainyard_commands();
  return face == Face::Bx ? bx : trainyard;
}

const Command& find_command(Face face, std::string_view name) {
  std::vector<std::string> names;
  for (const Command& command : commands(face)) {
    if (command.name == name) return command;
    names.emplace_back(command.name);
  }
  if (face == Face::Bx &&
      std::find(kNotOffered.begin(), kNotOffered.end(), name) != kNotOffered.end()) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("`bx ml {}` is not offered: this service trains models; results lie in "
                            "the bucket that the manifest names",
                            name));
  }
  const auto meant = nearest(name, names);
  throw Error(
      ErrorKind::InvalidInput,
      fmt::format("there is no command \"{}\"{}; `{} help` lists them", printable(name),
                  meant ? fmt::format(" (did you mean {}?)", *meant) : "", program_name(face)));
}

}  // namespace trainyard::cli
