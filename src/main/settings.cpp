#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "main/config.hpp"

namespace trainyard {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view expected) {
  throw Error(ErrorKind::InvalidInput, fmt::format("\"{}\" is not {}", printable(text), expected));
}

Address parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_u64(text.substr(colon + 1));
  if (!port || *port > 65535 || colon == 0) refuse(text, "HOST:PORT, like 127.0.0.1:7331");
  std::string host(text.substr(0, colon));
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host, static_cast<std::uint16_t>(*port)};
}

// A name or an address, as it stands in a URL.
std::string parse_host(std::string_view text) {
  const std::string host(text);
  in6_addr v6{};
  const bool odd = host.find_first_of("/@[]?#% ") != host.npos;
  const bool colon = host.find(':') != host.npos;
  if (host.empty() || odd || (colon && ::inet_pton(AF_INET6, host.c_str(), &v6) != 1)) {
    refuse(text, "the name or address of a host, like train.example.org");
  }
  return host;
}

// "500ms", "30s", "10m", "24h", "7d"
Milliseconds parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits = {
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  constexpr std::uint64_t kMost = 1'000'000'000;
  for (const auto& [unit, factor] : kUnits) {
    if (text.size() <= unit.size() || text.substr(text.size() - unit.size()) != unit) continue;
    const auto count = parse_u64(text.substr(0, text.size() - unit.size()));
    if (count && *count <= kMost) return Milliseconds(static_cast<std::int64_t>(*count) * factor);
  }
  refuse(text, "a duration like 30s, 10m, 24h or 7d");
}

std::uint64_t parse_size(std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (!bytes) refuse(text, "a size like 500MiB or 20GiB");
  return *bytes;
}

std::uint64_t parse_count(std::string_view text) {
  const auto count = parse_u64(text);
  if (!count) refuse(text, "a whole number");
  return *count;
}

bool parse_bool(std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  refuse(text, "true or false");
}

SandboxMode parse_sandbox(std::string_view text) {
  if (text == "auto") return SandboxMode::Auto;
  if (text == "required") return SandboxMode::Required;
  if (text == "off" || text == "false") return SandboxMode::Off;  // YAML reads off as false
  refuse(text, "auto, required or off");
}

std::string parse_level(std::string_view text) {
  for (const char* level : {"debug", "info", "warn", "error"}) {
    if (text == level) return level;
  }
  refuse(text, "debug, info, warn or error");
}

// Nothing is a mistake, such as --tls-key="$UNSET": no TLS would come of it.
std::filesystem::path parse_path(std::string_view text) {
  if (text.empty()) refuse(text, "a path; leave the setting out for its default");
  return std::filesystem::absolute(text);
}

using View = std::string_view;

constexpr std::array kSettings = {
    Setting{
        "state_dir", "DIR", "",
        "Directory that holds all of the service's state. Default: /var/lib/trainyard for root, "
        "else $XDG_STATE_HOME/trainyard or ~/.local/state/trainyard.",
        [](Config& c, View v) { c.state_dir = parse_path(v); }},
    Setting{"listen", "HOST:PORT", "127.0.0.1:7331",
            "Address of the API. Port 0 takes a free one. Anything but a loopback address lets "
            "others on the network in.",
            [](Config& c, View v) { c.listen = parse_address(v); }},
    Setting{"public_host", "HOST", "",
            "Name or address by which others reach this machine: it stands in the addresses that "
            "the service gives out. Default: the address it listens on.",
            [](Config& c, View v) { c.public_host = parse_host(v); }},
    Setting{
        "behind_proxy", "BOOL", "false",
        "A proxy stands before the API, and nobody else reaches it: its header X-Forwarded-For "
        "says "
        "who a client is, and X-Forwarded-Proto whether addresses in answers begin with https (see "
        "docs/operation.md).",
        [](Config& c, View v) { c.behind_proxy = parse_bool(v); }},
    Setting{"tls_certificate", "FILE", "",
            "PEM file with the certificate of the API's address and those between it and the "
            "authority. With it and tls_key the API speaks TLS (see docs/operation.md).",
            [](Config& c, View v) { c.tls_certificate = parse_path(v); }},
    Setting{"tls_key", "FILE", "", "PEM file with the key of tls_certificate.",
            [](Config& c, View v) { c.tls_key = parse_path(v); }},
    Setting{"store_listen", "HOST:PORT", "127.0.0.1:7332",
            "Address of the embedded S3 store. Port 0 takes a free one.",
            [](Config& c, View v) { c.store_listen = parse_address(v); }},
    Setting{"store_tls", "BOOL", "false",
            "The embedded store speaks TLS, too, with tls_certificate and tls_key.",
            [](Config& c, View v) { c.store_tls = parse_bool(v); }},
    Setting{"store_region", "NAME", "us-east-1", "Region that the embedded store answers for.",
            [](Config& c, View v) { c.store_region = v; }},
    Setting{"user", "NAME", "trainyard",
            "Name of the user that the first start creates; its password is made up and written to "
            "client.json in the state directory.",
            [](Config& c, View v) { c.user = v; }},
    Setting{"frameworks_file", "FILE", "",
            "YAML file that adds frameworks to the built-in catalogue or replaces some (see "
            "docs/frameworks.md).",
            [](Config& c, View v) { c.frameworks_file = parse_path(v); }},
    Setting{"ca_file", "FILE", "",
            "PEM file with certificate authorities to trust beside the system's when talking to "
            "object stores.",
            [](Config& c, View v) { c.ca_file = parse_path(v); }},
    Setting{"sandbox", "MODE", "auto",
            "auto: commands run in bubblewrap where it works; required: do not start without it; "
            "off: plain processes.",
            [](Config& c, View v) { c.sandbox = parse_sandbox(v); }},
    Setting{"run_as", "USER", "nobody",
            "The user that commands run as when the service itself is root (in the sandbox).",
            [](Config& c, View v) { c.run_as = v; }},
    Setting{"cpu_slots", "N", "0",
            "On a machine without a GPU: how many slots share its cores. 0: as many as there are "
            "cores, but at least 4, so that every size fits.",
            [](Config& c, View v) { c.cpu_slots = static_cast<unsigned>(parse_count(v)); }},
    Setting{"retention", "DURATION", "7d", "How long the details of an ended run are kept.",
            [](Config& c, View v) { c.retention = parse_duration(v); }},
    Setting{"cancel_grace", "DURATION", "30s",
            "Between the request to stop and the killing of a canceled command.",
            [](Config& c, View v) { c.cancel_grace = parse_duration(v); }},
    Setting{"store_retry", "DURATION", "24h",
            "How long to keep trying to store results while the object store is away.",
            [](Config& c, View v) { c.store_retry = parse_duration(v); }},
    Setting{"results_quiet", "DURATION", "10s",
            "While a run goes on, a file of its results is uploaded once it has not changed for so "
            "long; 0s: all of them at the end.",
            [](Config& c, View v) { c.results_quiet = parse_duration(v); }},
    Setting{"cache_size", "SIZE", "200GiB",
            "The most of the disk that the cache of training data may take, each file in whole "
            "blocks of 4 KiB.",
            [](Config& c, View v) { c.cache_size = parse_size(v); }},
    Setting{"keep_free", "SIZE", "1GiB",
            "What training data, in the cache or beside it, leaves free on the disk. Cached data "
            "that nobody uses makes room for it.",
            [](Config& c, View v) { c.keep_free = parse_size(v); }},
    Setting{"definition_max_size", "SIZE", "500MiB", "The largest model definition (zip) taken.",
            [](Config& c, View v) { c.definition_max_size = parse_size(v); }},
    Setting{"definition_max_unpacked", "SIZE", "4GiB",
            "The most that a model definition may unpack to.",
            [](Config& c, View v) { c.definition_max_unpacked = parse_size(v); }},
    Setting{"definition_max_entries", "N", "50000",
            "The most files and folders in a model definition.",
            [](Config& c, View v) { c.definition_max_entries = parse_count(v); }},
    Setting{"definition_max_ratio", "N", "200",
            "The most that a model definition may grow by unpacking, as a factor.",
            [](Config& c, View v) { c.definition_max_ratio = parse_count(v); }},
    Setting{"check_buckets", "BOOL", "true",
            "At submit, reach both buckets with the given credentials.",
            [](Config& c, View v) { c.check_buckets = parse_bool(v); }},
    Setting{"probe_results", "BOOL", "false",
            "At submit, also write an object .trainyard-probe where the results go, and remove it, "
            "so that keys which may only read are found out before the training.",
            [](Config& c, View v) { c.probe_results = parse_bool(v); }},
    Setting{"echo_secrets", "BOOL", "false",
            "Answer a run's owner with the storage keys in clear, as old clients that read results "
            "with them need it. Off: they are masked.",
            [](Config& c, View v) { c.echo_secrets = parse_bool(v); }},
    Setting{"log_level", "LEVEL", "info", "debug, info, warn or error.",
            [](Config& c, View v) { c.log_level = parse_level(v); }},
};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

}  // namespace trainyard
