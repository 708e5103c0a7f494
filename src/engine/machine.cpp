#include "engine/machine.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::engine {

namespace {

constexpr std::uint64_t kMaxProcFile = 1 << 20;
constexpr int kMaxDepth = 256;  // longer than any real chain of processes

// Files below /proc and /sys come and go: one that cannot be read says nothing.
std::string read_or_empty(const fs::path& path) {
  try {
    return read_file(path, kMaxProcFile);
  } catch (const Error&) {
    return {};
  }
}

unsigned allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

// "MemTotal:       16316412 kB"
std::uint64_t total_memory(const std::string& meminfo) {
  for (const auto& line : split(meminfo, '\n')) {
    if (!line.starts_with("MemTotal:")) continue;
    const auto digits = line.find_first_of("0123456789");
    if (digits == std::string::npos) break;
    const auto end = line.find_first_not_of("0123456789", digits);
    return parse_u64(std::string_view(line).substr(digits, end - digits)).value_or(0) * 1024;
  }
  return 0;
}

// cpu.max is "200000 100000" (quota and period in microseconds) or "max 100000".
unsigned limit_cores(unsigned cores, std::string_view cpu_max) {
  const auto parts = split(trim(cpu_max), ' ');
  if (parts.size() != 2) return cores;
  const auto quota = parse_u64(parts[0]);
  const auto period = parse_u64(parts[1]);
  if (!quota || !period || *period == 0) return cores;
  const std::uint64_t whole = std::max<std::uint64_t>(1, (*quota + *period - 1) / *period);
  return static_cast<unsigned>(std::min<std::uint64_t>(cores, whole));
}

}  // namespace

Machine this_machine(const fs::path& root) {
  Machine machine{allowed_cores(), total_memory(read_or_empty(root / "proc/meminfo"))};
  machine.cores = limit_cores(machine.cores, read_or_empty(root / "sys/fs/cgroup/cpu.max"));
  const auto limit = parse_u64(trim(read_or_empty(root / "sys/fs/cgroup/memory.max")));
  if (limit) machine.memory_bytes = std::min(machine.memory_bytes, *limit);
  return machine;
}

std::string core_share(unsigned cores, unsigned slots) {
  const double share = static_cast<double>(cores) / std::max(1U, slots);
  return fmt::format("{:.3g} of {} core{}", share, cores, cores == 1 ? "" : "s");
}

bool process_exists(pid_t pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

std::optional<pid_t> parent_of(pid_t pid) {
  // "4711 (a name with ) in it) S 1 …": the state follows the last parenthesis, the parent it.
  const std::string stat = read_or_empty(fmt::format("/proc/{}/stat", pid));
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const auto fields = split(std::string_view(stat).substr(name_end + 1), ' ');
  if (fields.size() < 3) return std::nullopt;
  const auto parent = parse_i64(fields[2]);
  return parent ? std::optional(static_cast<pid_t>(*parent)) : std::nullopt;
}

std::string program_name(pid_t pid) {
  const std::string name = read_or_empty(fmt::format("/proc/{}/comm", pid));
  return name.empty() ? "unknown program" : printable(trim(name));
}

bool descends_from(pid_t pid, const std::set<pid_t>& ancestors) {
  for (int depth = 0; depth < kMaxDepth && pid > 1; ++depth) {
    if (ancestors.contains(pid)) return true;
    const auto parent = parent_of(pid);
    if (!parent) return false;
    pid = *parent;
  }
  return false;
}

}  // namespace trainyard::engine
