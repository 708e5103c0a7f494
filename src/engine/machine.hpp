#pragma once
// What this machine, or the container around us, has; and which process descends from which.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace trainyard::engine {

struct Machine {
  unsigned cores = 1;
  std::uint64_t memory_bytes = 0;
};
// The affinity mask and /proc/meminfo, cut to the limits of our cgroup (version 2) where it has
// any. `root` stands before /proc and /sys.
Machine this_machine(const std::filesystem::path& root = "/");

// One slot's share: "2 of 8 cores", "0.5 of 2 cores".
std::string core_share(unsigned cores, unsigned slots);

// False for a pid that is not there any more.
bool process_exists(pid_t pid);
std::optional<pid_t> parent_of(pid_t pid);
std::string program_name(pid_t pid);  // "python3"; "unknown program" when it cannot be read
// Is `pid` one of `ancestors`, or a child, grandchild… of one?
bool descends_from(pid_t pid, const std::set<pid_t>& ancestors);

}  // namespace trainyard::engine
