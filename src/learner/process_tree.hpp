#pragma once
// Every process that descends from this one; with become_subreaper() also those that detached
// themselves, so that nothing a command started is left behind. One thread at a time.
#include <sys/types.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace trainyard::learner {

void become_subreaper();

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';  // of proc(5): 'Z' is a zombie
  std::string name;  // at most 15 bytes
};
std::vector<ProcessInfo> descendants();

// Sends one signal to every descendant, once each. Leaves out programs of the names `spared`: a
// sandbox's own processes would take it for the end of everything.
class Teller {
 public:
  explicit Teller(std::set<std::string, std::less<>> spared) : spared_(std::move(spared)) {}
  // Returns how many were told now. When called again: those that a shell at the top, told already,
  // has started since, for it heeds the signal only when they end. What other programs start then
  // is how they heed it.
  std::size_t tell(int signal);

 private:
  bool is_top(const ProcessInfo& process, const std::vector<ProcessInfo>& all) const;

  std::set<std::string, std::less<>> spared_;
  std::set<pid_t> told_;
};

// SIGKILLs and reaps until none is left that runs. `owned`, a child, is killed too but left to its
// owner to collect. Returns what still is there after `patience` (a process in an uninterruptible
// call of a driver).
std::vector<ProcessInfo> end_descendants(pid_t owned, Milliseconds patience);

// SIGKILLs every process of this machine that has NAME=VALUE in its environment, other than this
// one, until there is none; returns how many it found. For what a learner that was killed itself
// left behind.
std::size_t end_strays(std::string_view variable, Milliseconds patience);

}  // namespace trainyard::learner
