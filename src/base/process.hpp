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
  // nullopt when there is no such process; a zombie still has an identity.
  static std::optional<ProcessIdentity> of(pid_t pid);
  bool alive() const;  // false for another boot, a re-used pid and a zombie
  bool operator==(const ProcessIdentity&) const = default;
};
std::string boot_id();  // constant until the machine starts again

struct ExitStatus {
  int code = 0;    // exit code; 128 + signal when signalled
  int signal = 0;  // 0 when it exited by itself
  bool ok() const { return code == 0 && signal == 0; }
};

struct SpawnOptions {
  // argv[0] without a '/' is looked up in the PATH of `env`, or in ours when `env` has none.
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;             // the whole environment of the child
  std::filesystem::path cwd;                          // empty: inherited
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  // -1: /dev/null
  std::vector<std::pair<int, int>> extra_fds;         // (ours, child's number)
  bool new_session = false;  // setsid(): outlives our terminal and process group
  bool new_process_group = false;
  // PR_SET_PDEATHSIG SIGKILL. The kernel means the thread that called spawn(): when that thread
  // ends, the child is killed, even if the process lives on.
  bool die_with_parent = false;
};

// Owns one child. The child starts with every signal at its default and unblocked, and with no
// other descriptors than the options name (Linux 5.11 or later).
//
// The pid stays the child's until this object is destroyed, also after wait(), so that kill() and
// kill_group() never reach a stranger with the same number; kill_group() after the end still ends
// what the child left behind in its group. The destructor neither kills nor waits: a child that
// still runs is left to reap(). Not copyable; one thread at a time.
class Process {
 public:
  // Throws NotFound when there is no such program or directory, Forbidden when it may not be
  // executed, InvalidInput for no argv or a NUL byte; the child never half exists.
  static Process spawn(const SpawnOptions& options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const noexcept { return pid_; }
  // All three may be called again after the end and then return the same status.
  std::optional<ExitStatus> try_wait();  // nullopt while it runs
  // nullopt when `timeout` passed first.
  std::optional<ExitStatus> wait_for(Milliseconds timeout);
  ExitStatus wait();
  void kill(int signal) noexcept;  // the process
  // Its process group; does nothing unless the child leads one (new_session, new_process_group).
  void kill_group(int signal) noexcept;

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  void abandon() noexcept;

  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
};

// Collects the children that outlived their Process and have ended since, so that none stays a
// zombie; returns how many. Process::spawn() does it too; a server that rarely starts something
// calls it now and then. Thread-safe, never blocks.
std::size_t reap() noexcept;

std::map<std::string, std::string> current_environment();
// The executable file that `name` stands for: itself when it has a '/', else the first one in the
// absolute directories of our PATH.
std::optional<std::filesystem::path> find_program(std::string_view name);

struct Captured {
  ExitStatus status;
  std::string out;  // stdout and stderr merged, at most `limit` bytes (the tail is kept)
};
struct CaptureOptions {
  std::vector<std::string> argv;
  std::optional<std::map<std::string, std::string>> env;  // default: ours
  std::filesystem::path cwd;
  std::string input;  // what it reads on stdin; empty: /dev/null
  Milliseconds timeout{60'000};
  std::size_t limit = 1 << 20;
};

// Runs a program to its end; the seam that tests script. Throws Timeout (after killing the whole
// process group), NotFound, Forbidden, Canceled (after killing the group too). Returns when the
// program itself ends, even if a child it left behind still holds the output open.
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
