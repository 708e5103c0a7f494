#include "runtime/host.hpp"

#include <fmt/format.h>

#include <set>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::runtime {
namespace {

constexpr int kNewestMinor = 15;
constexpr int kOldestMinor = 8;

std::optional<std::string> output_of(ProcessRunner& runner, std::vector<std::string> argv) {
  try {
    const Captured result =
        runner.run({.argv = std::move(argv), .timeout = Milliseconds(10'000), .limit = 4096});
    if (!result.status.ok()) return std::nullopt;
    return std::string(trim(result.out));
  } catch (const Error&) {
    return std::nullopt;  // not there, or broken: as good as not there
  }
}

std::optional<Python> probe_python(ProcessRunner& runner, const std::filesystem::path& program) {
  const auto out = output_of(
      runner, {program.string(), "-I", "-S", "-c",
               "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"});
  if (!out) return std::nullopt;
  const auto lines = split(*out, '\n');
  const auto version = PythonVersion::parse(lines.front());
  if (!version || lines.size() < 2) return std::nullopt;
  return Python{lines[1], *version};
}

// Found and not imported, which takes three times as long. Debian packs ensurepip apart.
bool has_venv(ProcessRunner& runner, const Python& python) {
  const auto found =
      output_of(runner, {python.program.string(), "-I", "-S", "-c",
                         "from importlib.util import find_spec as find; "
                         "raise SystemExit(not (find('venv') and find('ensurepip')))"});
  return found.has_value();
}

void add_python(Host& host, const std::optional<Python>& python) {
  if (!python) return;
  for (const Python& known : host.pythons) {
    if (known.version == python->version) return;
  }
  host.pythons.push_back(*python);
}

}  // namespace

std::string PythonVersion::to_string() const { return fmt::format("{}.{}", major, minor); }

std::optional<PythonVersion> PythonVersion::parse(std::string_view text) {
  const auto parts = split(text, '.');
  const auto major = parse_u64(parts[0]);
  const auto minor = parts.size() > 1 ? parse_u64(parts[1]) : std::optional<std::uint64_t>(0);
  if (!major || !minor || *major > 99 || *minor > 999) return std::nullopt;
  return PythonVersion{static_cast<int>(*major), static_cast<int>(*minor)};
}

Host detect_host(ProcessRunner& runner, bool gpus, const std::vector<std::string>& programs) {
  Host host;
  host.gpus = gpus;
  // The distribution's python first: a python of someone's home may vanish or be out of a sandbox's
  // sight.
  std::vector<std::string> names = {"/usr/bin/python3", "python3"};
  for (int minor = kNewestMinor; minor >= kOldestMinor; --minor) {
    names.push_back(fmt::format("python3.{}", minor));
  }
  std::set<std::filesystem::path> probed;  // python3 and python3.11 are often one
  for (const std::string& name : names) {
    const auto path = find_program(name);
    if (!path || !probed.insert(std::filesystem::canonical(*path)).second) continue;
    add_python(host, probe_python(runner, *path));
  }
  host.uv = find_program("uv");
  host.can_make_environments =
      host.uv.has_value() || (!host.pythons.empty() && has_venv(runner, host.pythons.front()));
  for (const char* container : {"podman", "docker"}) {
    if (!host.container && output_of(runner, {container, "info"})) host.container = container;
  }
  for (const std::string& name : programs) {
    if (const auto path = find_program(name)) host.programs[name] = *path;
  }
  return host;
}

}  // namespace trainyard::runtime
