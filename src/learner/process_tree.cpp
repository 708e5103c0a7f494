#include "learner/process_tree.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Milliseconds kFirstPause{1};
constexpr Milliseconds kLongestPause{100};

// Between two programs (exec) a process shows no environment for a moment; one that never has any
// shows none at each of so many looks.
constexpr int kLooksAtNone = 6;

std::string proc_file(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code ignored;  // a process may end while we look
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto pid = parse_u64(entry.path().filename().native());
    if (pid) pids.push_back(static_cast<pid_t>(*pid));
  }
  return pids;
}

// /proc/PID/stat: "pid (name) state parent …"; the name may hold anything.
std::optional<ProcessInfo> read_info(pid_t pid) {
  const std::string text = proc_file(pid, "stat");
  const auto open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 4 > text.size()) {
    return std::nullopt;
  }
  const auto fields = split(std::string_view(text).substr(close + 2), ' ');
  if (fields.size() < 2 || fields[0].empty()) return std::nullopt;
  return ProcessInfo{.pid = pid,
                     .parent = static_cast<pid_t>(parse_u64(fields[1]).value_or(0)),
                     .state = fields[0][0],
                     .name = text.substr(open + 1, close - open - 1)};
}

// The variables of the program that runs, each between two zero bytes; "" between two programs, for
// a program without any, and for a process that may not be looked at. None for a kernel thread.
std::optional<std::string> environment_of(pid_t pid) {
  std::error_code none;
  const auto program = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", none);
  if (program.empty()) return std::nullopt;
  std::string variables = proc_file(pid, "environ");
  if (!variables.empty()) variables.insert(variables.begin(), '\0');
  return variables;
}

bool runs(const ProcessInfo& process) { return process.state != 'Z' && process.state != 'X'; }

// Calls `step`, which says whether it must be called again, with growing pauses in between.
template <typename Step>
void repeat(Milliseconds patience, Step&& step) {
  const auto deadline = Steady::now() + patience;
  for (Milliseconds pause = kFirstPause; step(); pause = std::min(pause * 2, kLongestPause)) {
    if (Steady::now() >= deadline) return;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw_errno("become a subreaper");
}

std::vector<ProcessInfo> descendants() {
  std::multimap<pid_t, ProcessInfo> by_parent;
  for (const pid_t pid : all_pids()) {
    if (auto info = read_info(pid)) by_parent.emplace(info->parent, std::move(*info));
  }
  std::vector<ProcessInfo> result;
  std::vector<pid_t> parents = {::getpid()};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (auto [it, end] = by_parent.equal_range(parent); it != end; ++it) {
      parents.push_back(it->second.pid);
      result.push_back(it->second);
    }
    by_parent.erase(parent);
  }
  return result;
}

std::size_t Teller::tell(int signal) {
  const bool first = told_.empty();
  const auto all = descendants();
  std::set<pid_t> shells;
  for (const ProcessInfo& process : all) {
    if (!spared_.contains(process.name) && is_top(process, all)) shells.insert(process.pid);
  }
  std::size_t told = 0;
  for (const ProcessInfo& process : all) {
    if (!runs(process) || spared_.contains(process.name) || told_.contains(process.pid)) continue;
    if (!first && !shells.contains(process.parent)) continue;
    if (::kill(process.pid, signal) != 0) continue;
    told_.insert(process.pid);
    ++told;
  }
  return told;
}

bool Teller::is_top(const ProcessInfo& process, const std::vector<ProcessInfo>& all) const {
  if (process.parent == ::getpid()) return true;
  return std::any_of(all.begin(), all.end(), [&](const ProcessInfo& other) {
    return other.pid == process.parent && spared_.contains(other.name);
  });
}

std::vector<ProcessInfo> end_descendants(pid_t owned, Milliseconds patience) {
  std::vector<ProcessInfo> left;
  const auto is_collected = [owned](const ProcessInfo& process) {
    return process.pid == owned && !runs(process);
  };
  const auto is_gone = [](const ProcessInfo& process) {
    if (runs(process)) {
      ::kill(process.pid, SIGKILL);
      return false;
    }
    return process.parent == ::getpid() && ::waitpid(process.pid, nullptr, WNOHANG) != 0;
  };
  repeat(patience, [&] {
    left = descendants();
    std::erase_if(left, is_collected);
    // What ended while we looked may have started what we did not see: only a look that finds
    // nobody is the last.
    const bool again = !left.empty();
    std::erase_if(left, is_gone);
    return again;
  });
  return left;
}

std::size_t end_strays(std::string_view variable, Milliseconds patience) {
  const std::string wanted = '\0' + std::string(variable) + '\0';
  std::set<pid_t> found;
  std::map<pid_t, int> looks_at_none;
  repeat(patience, [&] {
    bool again = false;
    for (const pid_t pid : all_pids()) {
      if (pid == ::getpid()) continue;
      const auto environment = environment_of(pid);
      if (!environment) continue;
      if (environment->empty() && ++looks_at_none[pid] < kLooksAtNone) again = true;
      if (environment->find(wanted) == std::string::npos) continue;
      again = true;
      found.insert(pid);
      ::kill(pid, SIGKILL);
    }
    return again;
  });
  return found.size();
}

}  // namespace trainyard::learner
