// Process::spawn. Everything that allocates happens before vfork(); between vfork() and exec the
// child shares our memory and calls only async-signal-safe functions.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/program_path.hpp"

namespace trainyard {

namespace {

enum class Stage : int { Setup, Descriptors, Directory, Exec };

// What the child writes to the status pipe when it cannot become the program.
struct Failure {
  Stage stage = Stage::Setup;
  int code = 0;
};

struct Redirect {
  int source;  // -1: /dev/null
  int target;
  int moved;  // used by the child
};

struct Plan {
  std::string program;
  std::string cwd;
  std::vector<std::string> environment;
  std::vector<char*> argv;  // null-terminated, into the options
  std::vector<char*> envp;  // null-terminated, into `environment`
  std::vector<Redirect> redirects;
  int free_from = 3;  // above every target
  pid_t parent = 0;
  int status_fd = -1;
};

// For exec, which takes texts that end at the first NUL: one inside would cut the rest off.
char* c_text(const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    throw Error(ErrorKind::InvalidInput,
                "an argument or environment variable of a program holds a NUL byte");
  }
  return const_cast<char*>(text.c_str());
}

std::string program_of(const SpawnOptions& options) {
  if (options.argv.empty()) throw Error(ErrorKind::InvalidInput, "no program to start was named");
  const std::string& name = options.argv.front();
  if (name.find('/') != std::string::npos) return name;
  const auto path = options.env.find("PATH");
  const auto found =
      path == options.env.end() ? find_program(name) : find_program_in(path->second, name);
  if (!found) throw Error(ErrorKind::NotFound, "the program '" + name + "' is not in PATH");
  return found->native();
}

Plan make_plan(const SpawnOptions& options, int status_fd) {
  Plan plan;
  plan.program = program_of(options);
  plan.cwd = options.cwd.native();
  plan.parent = ::getpid();
  plan.status_fd = status_fd;
  for (const std::string& arg : options.argv) plan.argv.push_back(c_text(arg));
  plan.argv.push_back(nullptr);
  plan.environment.reserve(options.env.size());
  for (const auto& [name, value] : options.env) {
    plan.environment.push_back(name + "=" + value);
    plan.envp.push_back(c_text(plan.environment.back()));
  }
  plan.envp.push_back(nullptr);
  plan.redirects = {
      {options.stdin_fd, 0, -1}, {options.stdout_fd, 1, -1}, {options.stderr_fd, 2, -1}};
  for (const auto& [ours, theirs] : options.extra_fds) {
    plan.redirects.push_back({ours, theirs, -1});
    plan.free_from = std::max(plan.free_from, theirs + 1);
  }
  return plan;
}

// --- in the child ---------------------------------------------------------------------------

[[noreturn]] void fail(const Plan& plan, Stage stage) {
  const Failure failure{stage, errno};
  (void)!::write(plan.status_fd, &failure, sizeof failure);
  ::_exit(127);
}

// By system calls: the library's functions leave its own signals (32, 33) as they are, and a parent
// may have handed those down ignored or blocked.
void reset_signals() {
  constexpr std::size_t set_size = NSIG / 8;
  const std::uint64_t default_action[4] = {};  // the kernel's sigaction: SIG_DFL, nothing else
  // SIGKILL and SIGSTOP cannot be set and report EINVAL, which is fine.
  for (int number = 1; number < NSIG; ++number) {
    ::syscall(SYS_rt_sigaction, number, default_action, nullptr, set_size);
  }
  const std::uint64_t none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, set_size);
}

void apply_lineage(const Plan& plan, const SpawnOptions& options) {
  if (options.new_session && ::setsid() < 0) fail(plan, Stage::Setup);
  if (!options.new_session && options.new_process_group && ::setpgid(0, 0) != 0) {
    fail(plan, Stage::Setup);
  }
  if (!options.die_with_parent) return;
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(plan, Stage::Setup);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before the call
}

// Moves every source out of the way of the targets first, so that any permutation works.
void place_descriptors(Plan& plan) {
  plan.status_fd = ::fcntl(plan.status_fd, F_DUPFD_CLOEXEC, plan.free_from);
  if (plan.status_fd < 0) ::_exit(127);
  for (Redirect& redirect : plan.redirects) {
    int source = redirect.source;
    if (source < 0) source = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    redirect.moved = source < 0 ? -1 : ::fcntl(source, F_DUPFD_CLOEXEC, plan.free_from);
    if (redirect.moved < 0) fail(plan, Stage::Descriptors);
  }
  if (::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0) fail(plan, Stage::Descriptors);
  for (const Redirect& redirect : plan.redirects) {
    if (::dup2(redirect.moved, redirect.target) < 0) fail(plan, Stage::Descriptors);
  }
}

[[noreturn]] __attribute__((noinline)) void become_program(Plan& plan,
                                                           const SpawnOptions& options) {
  apply_lineage(plan, options);
  place_descriptors(plan);
  if (!plan.cwd.empty() && ::chdir(plan.cwd.c_str()) != 0) fail(plan, Stage::Directory);
  reset_signals();
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  fail(plan, Stage::Exec);
}

// --- in the parent --------------------------------------------------------------------------

// No handler of ours may run in the child while it shares our memory.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockSignals(const BlockSignals&) = delete;
  ~BlockSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

pid_t start(Plan& plan, const SpawnOptions& options) {
  const BlockSignals block;
  const pid_t pid = ::vfork();
  if (pid == 0) become_program(plan, options);
  if (pid < 0) throw_errno("start a process");
  return pid;
}

[[noreturn]] void throw_failure(const Failure& failure, const Plan& plan) {
  switch (failure.stage) {
    case Stage::Setup:
      throw system_error("start " + plan.program, failure.code);
    case Stage::Descriptors:
      throw system_error("pass the descriptors to " + plan.program, failure.code);
    case Stage::Directory:
      throw system_error("start " + plan.program + " in " + plan.cwd, failure.code);
    case Stage::Exec:
      throw system_error("start the program " + plan.program, failure.code);
  }
  throw Error(ErrorKind::Internal, "start " + plan.program);
}

}  // namespace

Process Process::spawn(const SpawnOptions& options) {
  reap();
  Pipe status = make_pipe();
  Plan plan = make_plan(options, status.write.get());
  Process process(start(plan, options));
  status.write.reset();

  Failure failure;
  const std::size_t n = read_some(status.read, std::as_writable_bytes(std::span(&failure, 1)));
  if (n == 0) return process;  // closed by exec
  process.wait();
  throw_failure(failure, plan);
}

}  // namespace trainyard
