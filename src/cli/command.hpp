#pragma once
// The table of commands: parsing, help, completion and the manual are made from it.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.hpp"
#include "client/api_client.hpp"

namespace trainyard::cli {

struct Option {
  std::string_view name;    // "--json"
  std::string_view letter;  // "-f" or empty
  std::string_view value;   // "N" when it takes one
  std::string_view help;
};

class Arguments {
 public:
  std::vector<std::string> words;  // positional
  std::map<std::string, std::string, std::less<>> options;
  bool has(std::string_view option) const { return options.find(option) != options.end(); }
  std::optional<std::string> value(std::string_view option) const;
  // A whole number; throws InvalidInput naming the option.
  std::optional<std::uint64_t> number(std::string_view option) const;
};

// What a command works with; the client is made when it is first needed.
class Session {
 public:
  Session(Face command_face, Context& command_context, std::optional<std::string> state_dir)
      : face(command_face), context(command_context), state_dir_(std::move(state_dir)) {}
  client::ApiClient& api();
  const Face face;
  Context& context;

 private:
  const std::optional<std::string> state_dir_;
  std::unique_ptr<client::ApiClient> api_;
};

enum class Words { Any, Files, RunIds };  // what a shell offers for the arguments

struct Command {
  std::string_view name;
  std::string_view usage = {};    // after the name: "ZIP MANIFEST"
  std::string_view summary = {};  // one line
  std::size_t least_words = 0, most_words = 0;
  std::vector<Option> options = {};
  std::function<int(Session&, const Arguments&)> run = {};  // empty: a program, see cli.hpp
  Words words = Words::Any;
  std::vector<std::string_view> choices = {};  // for the first argument
};

const std::vector<Command>& commands(Face face);
// Throws InvalidInput naming the nearest, or Unsupported for a command that the service of old had.
const Command& find_command(Face face, std::string_view name);
// Throws InvalidInput with the command's usage.
Arguments parse_arguments(const Command& command, Face face, std::span<const std::string> args);

// "bx ml", "trainyard"
std::string_view program_name(Face face);
std::string usage_line(Face face, const Command& command);
std::string help_text(Face face);
std::string command_help(Face face, const Command& command);
// For the shell's start-up file: bash, zsh, fish; throws InvalidInput for another.
std::string completion_script(std::string_view shell);
std::string manual_page();  // trainyard(1), roff

}  // namespace trainyard::cli
