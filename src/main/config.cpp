#include "main/config.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard {
namespace {

constexpr std::uint64_t kMaxFile = 1 << 20;

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + std::string(setting.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string variable_of(const Setting& setting) {
  std::string name = "TRAINYARD_" + std::string(setting.name);
  std::transform(name.begin(), name.end(), name.begin(), ::toupper);
  return name;
}

const Setting* find_setting(std::string_view name, std::string (*form)(const Setting&)) {
  for (const Setting& setting : settings()) {
    if (form(setting) == name) return &setting;
  }
  return nullptr;
}

std::string key_of(const Setting& setting) { return std::string(setting.name); }

[[noreturn]] void refuse_unknown(const std::string& place, std::string_view word,
                                 std::string (*form)(const Setting&)) {
  std::vector<std::string> known;
  for (const Setting& setting : settings()) known.push_back(form(setting));
  const auto meant = nearest(word, known);
  throw Error(ErrorKind::InvalidInput, fmt::format("{}unknown setting {}{}", place, printable(word),
                                                   meant ? fmt::format("; did you mean {}?", *meant)
                                                         : "; see trainyard serve --help"));
}

void apply(Config& config, const Setting& setting, std::string_view value,
           const std::string& place) {
  with_context(place, [&] { setting.apply(config, value); });
}

struct Flags {
  std::map<const Setting*, std::string> values;
  std::string config_file;
};

Flags parse_flags(std::span<const std::string> args) {
  Flags flags;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto equals = args[i].find('=');
    const std::string name = args[i].substr(0, equals);
    const Setting* setting = find_setting(name, flag_of);
    if (!setting && name != "--config") refuse_unknown("", name, flag_of);
    std::string value;
    if (equals != std::string::npos) {
      value = args[i].substr(equals + 1);
    } else if (++i < args.size()) {
      value = args[i];
    } else {
      throw Error(ErrorKind::InvalidInput, name + " needs a value");
    }
    if (setting) {
      flags.values[setting] = value;
    } else if (value.empty()) {
      throw Error(ErrorKind::InvalidInput, "--config: \"\" is not a path");
    } else {
      flags.config_file = value;
    }
  }
  return flags;
}

void apply_pair(Config& config, const YAML::Node& name, const YAML::Node& value,
                const std::string& file) {
  const std::string place = fmt::format("{}:{}: ", file, name.Mark().line + 1);
  const std::string key = name.as<std::string>();
  const Setting* setting = find_setting(key, key_of);
  if (!setting) refuse_unknown(place, key, key_of);
  if (!value.IsScalar()) throw Error(ErrorKind::InvalidInput, place + key + " needs one value");
  apply(config, *setting, value.Scalar(), place + key);
}

std::optional<std::string> variable(const Environment& env, const std::string& name) {
  const auto found = env.find(name);
  if (found == env.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

// As a shell finds it for ~user, where HOME is not set.
fs::path home(const Environment& env) {
  if (const auto named = variable(env, "HOME")) return *named;
  const passwd* user = ::getpwuid(::geteuid());
  return user && user->pw_dir ? user->pw_dir : "/";
}

}  // namespace

void apply_yaml(Config& config, const std::string& text, const std::string& file) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return;
    if (!root.IsMap()) throw Error(ErrorKind::InvalidInput, file + ": expected KEY: VALUE lines");
    for (const auto& item : root) apply_pair(config, item.first, item.second, file);
  } catch (const YAML::Exception& e) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
}

bool wants_help(std::span<const std::string> args) {
  return std::find(args.begin(), args.end(), "--help") != args.end() ||
         std::find(args.begin(), args.end(), "-h") != args.end();
}

std::filesystem::path default_state_dir(const Environment& env) {
  if (const auto named = variable(env, "TRAINYARD_STATE_DIR")) return fs::absolute(*named);
  if (::geteuid() == 0) return "/var/lib/trainyard";
  if (const auto state = variable(env, "XDG_STATE_HOME")) return fs::path(*state) / "trainyard";
  return home(env) / ".local/state/trainyard";
}

Config load_config(std::span<const std::string> args, const Environment& env) {
  const Flags flags = parse_flags(args);
  Config config;
  for (const Setting& setting : settings()) {
    if (!setting.fallback.empty()) setting.apply(config, setting.fallback);
  }
  config.state_dir = default_state_dir(env);
  std::string file = flags.config_file;
  if (file.empty()) file = variable(env, "TRAINYARD_CONFIG").value_or("");
  if (!file.empty()) apply_yaml(config, read_file(file, kMaxFile), file);
  for (const Setting& setting : settings()) {
    const std::string name = variable_of(setting);
    if (const auto value = variable(env, name)) apply(config, setting, *value, name);
  }
  for (const auto& [setting, value] : flags.values)
    apply(config, *setting, value, flag_of(*setting));
  return config;
}

std::string serve_help() {
  std::string text =
      "Usage: trainyard serve [--config FILE] [--SETTING VALUE]...\n\n"
      "Starts the service. Every setting may also stand in the YAML file (key: value) or in the\n"
      "environment (TRAINYARD_<NAME>); a flag wins over the environment, that over the file.\n\n"
      "Settings:\n";
  for (const Setting& setting : settings()) {
    text +=
        fmt::format("  {} {}\n      {}{}\n", flag_of(setting), setting.value, setting.help,
                    setting.fallback.empty() ? "" : fmt::format(" Default: {}.", setting.fallback));
  }
  return text;
}

std::string configuration_page() {
  std::string text =
      "# Configuration\n\n"
      "Made by `trainyard serve --help-markdown` from the table in src/main/settings.cpp.\n\n"
      "A setting may stand in a YAML file (`trainyard serve --config FILE`, or "
      "`TRAINYARD_CONFIG`),\n"
      "in the environment or on the command line; the command line wins over the environment, the\n"
      "environment over the file.\n\n"
      "| key in the file | flag | environment | default | meaning |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const Setting& setting : settings()) {
    text += fmt::format("| `{}` | `{} {}` | `{}` | {} | {} |\n", setting.name, flag_of(setting),
                        setting.value, variable_of(setting),
                        setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback),
                        setting.help);
  }
  return text;
}

}  // namespace trainyard
