#pragma once
// Child processes, and process identities that survive our own restart and cannot be mistaken for
// a later process with the same pid.
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace trainyard {

// (boot id, pid, start time in clock ticks since boot) from /proc.
struct ProcessIdentity {
  std::string boot_id;
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;

  std::string to_string() const;  // "boot:pid:ticks"
  static std::optional<ProcessIdentity> parse(std::string_view text);
  static std::optional<ProcessIdentity> of(pid_t pid);  // nullopt when there is no such process
  bool alive() const;  // false for another boot, a re-used pid and a zombie
  bool operator==(const ProcessIdentity&) const = default;
};
std::string boot_id();

struct ExitStatus {
  int code = 0;    // exit code; 128 + signal when signalled
  int signal = 0;  // 0 when it exited by itself
  bool ok() const { return code == 0 && signal == 0; }
};

struct SpawnOptions {
  std::vector<std::string> argv;               // argv[0] looked up in PATH when it has no '/'
  std::map<std::string, std::string> env;      // the whole environment of the child
  std::filesystem::path cwd;                   // empty: inherited
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  // -1: /dev/null
  std::vector<std::pair<int, int>> extra_fds;  // (ours, child's number)
  bool new_session = false;                    // setsid(): outlives our terminal and process group
  bool new_process_group = false;
  bool die_with_parent = false;                // PR_SET_PDEATHSIG SIGKILL
};

// Owns one child. The destructor neither kills nor waits: an unreaped child is left to the
// reaper (see reap()). Not copyable; one thread at a time.
class Process {
 public:
  static Process spawn(const SpawnOptions& options);  // throws NotFound when argv[0] is not there
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  pid_t pid() const noexcept { return pid_; }
  // nullopt while it runs.
  std::optional<ExitStatus> try_wait();
  // nullopt when `timeout` passed first.
  std::optional<ExitStatus> wait_for(Milliseconds timeout);
  ExitStatus wait();
  void kill(int signal) noexcept;        // the process
  void kill_group(int signal) noexcept;  // its process group

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
};

std::map<std::string, std::string> current_environment();
std::optional<std::filesystem::path> find_program(std::string_view name);  // in PATH

struct Captured {
  ExitStatus status;
  std::string out;  // stdout and stderr merged, at most `limit` bytes (the tail is kept)
};
struct CaptureOptions {
  std::vector<std::string> argv;
  std::optional<std::map<std::string, std::string>> env;  // default: ours
  std::filesystem::path cwd;
  std::string input;
  Milliseconds timeout{60'000};
  std::size_t limit = 1 << 20;
};

// Runs a program to its end; the seam that tests script. Throws Timeout (after killing the whole
// process group), NotFound, Canceled.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  virtual Captured run(const CaptureOptions& options, std::stop_token stop = {}) = 0;
};
class SystemProcessRunner final : public ProcessRunner {
 public:
  Captured run(const CaptureOptions& options, std::stop_token stop = {}) override;
};

}  // namespace trainyard
