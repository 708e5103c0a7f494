#include <fmt/format.h>

#include <limits>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/process.hpp"
#include "base/strings.hpp"

namespace trainyard {

namespace {

struct ProcStat {
  char state = '?';
  std::uint64_t start_ticks = 0;
};

// /proc/<pid>/stat: "pid (name) state …", where the name may hold spaces and parentheses. Field 3
// is the state and field 22 the start time.
std::optional<ProcStat> parse_stat(std::string_view content) {
  const std::size_t name_end = content.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto fields = split(trim(content.substr(name_end + 1)), ' ');
  constexpr std::size_t kState = 3 - 3;
  constexpr std::size_t kStart = 22 - 3;
  if (fields.size() <= kStart || fields[kState].size() != 1) return std::nullopt;
  const auto start = parse_u64(fields[kStart]);
  if (!start) return std::nullopt;
  return ProcStat{fields[kState].front(), *start};
}

std::optional<ProcStat> read_stat(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  try {
    return parse_stat(read_file(fmt::format("/proc/{}/stat", pid), 4096));
  } catch (const Error& e) {
    // A process that ends between open and read reports ESRCH.
    if (e.kind() == ErrorKind::NotFound) return std::nullopt;
    throw;
  }
}

bool has_ended(char state) { return state == 'Z' || state == 'X' || state == 'x'; }

}  // namespace

std::string boot_id() {
  static const std::string id(trim(read_file("/proc/sys/kernel/random/boot_id", 256)));
  return id;
}

std::string ProcessIdentity::to_string() const {
  return fmt::format("{}:{}:{}", boot_id, pid, start_ticks);
}

std::optional<ProcessIdentity> ProcessIdentity::parse(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 3 || parts[0].empty()) return std::nullopt;
  const auto pid = parse_i64(parts[1]);
  const auto ticks = parse_u64(parts[2]);
  if (!pid || *pid <= 0 || *pid > std::numeric_limits<pid_t>::max() || !ticks) return std::nullopt;
  return ProcessIdentity{parts[0], static_cast<pid_t>(*pid), *ticks};
}

std::optional<ProcessIdentity> ProcessIdentity::of(pid_t pid) {
  const auto stat = read_stat(pid);
  if (!stat) return std::nullopt;
  return ProcessIdentity{trainyard::boot_id(), pid, stat->start_ticks};
}

bool ProcessIdentity::alive() const {
  if (boot_id != trainyard::boot_id()) return false;
  const auto stat = read_stat(pid);
  return stat && stat->start_ticks == start_ticks && !has_ended(stat->state);
}

}  // namespace trainyard
