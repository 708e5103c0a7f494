#pragma once
// The service's configuration: one table of settings gives the flags, the environment variables,
// the keys of the YAML file, `serve --help` and docs/configuration.md.
// Precedence: flag, TRAINYARD_<NAME> in the environment, file, default.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace trainyard {

struct Address {
  std::string host;
  std::uint16_t port = 0;  // 0: a free one
};

enum class SandboxMode { Auto, Required, Off };

struct Config {
  std::filesystem::path state_dir;
  Address listen;
  Address store_listen;
  std::string store_region;
  std::string public_host;  // empty: the listen addresses
  std::string user;
  std::filesystem::path frameworks_file;
  std::filesystem::path tls_certificate, tls_key;
  bool store_tls = false;
  std::filesystem::path ca_file;
  SandboxMode sandbox = SandboxMode::Auto;
  std::string run_as;  // the command's user when the service is root: a name or a uid
  unsigned cpu_slots = 0;
  Milliseconds retention{};
  Milliseconds cancel_grace{};
  Milliseconds store_retry{};
  Milliseconds results_quiet{};
  std::uint64_t cache_size = 0;
  std::uint64_t keep_free = 0;
  std::uint64_t definition_max_size = 0;
  std::uint64_t definition_max_unpacked = 0;
  std::uint64_t definition_max_entries = 0;
  std::uint64_t definition_max_ratio = 0;
  bool check_buckets = true;
  bool probe_results = false;
  bool echo_secrets = false;
  bool behind_proxy = false;
  std::string log_level;
};

struct Setting {
  std::string_view
      name;  // "store_listen": the YAML key; flag --store-listen; TRAINYARD_STORE_LISTEN
  std::string_view value;     // "HOST:PORT", for the help
  std::string_view fallback;  // default as text; empty: see help
  std::string_view help;
  // Takes the text over; throws InvalidInput with what is wrong.
  void (*apply)(Config&, std::string_view);
};
std::span<const Setting> settings();

using Environment = std::map<std::string, std::string>;

// `args`: after "serve". "--config FILE" (or TRAINYARD_CONFIG) names the YAML file. Throws
// InvalidInput naming the flag, variable or file:line and the nearest valid word.
Config load_config(std::span<const std::string> args, const Environment& env);
// What the YAML file says, on top of what `config` says already; errors as above.
void apply_yaml(Config& config, const std::string& text, const std::string& file);
bool wants_help(std::span<const std::string> args);
std::string serve_help();
std::string configuration_page();  // docs/configuration.md

// Where a command finds the service's state when nothing is said: TRAINYARD_STATE_DIR, else for
// root /var/lib/trainyard, else $XDG_STATE_HOME/trainyard or ~/.local/state/trainyard, where ~ is
// $HOME, or what the password database says.
std::filesystem::path default_state_dir(const Environment& env);

}  // namespace trainyard
