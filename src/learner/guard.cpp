#include "learner/guard.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/process.hpp"
#include "learner/process_tree.hpp"

namespace trainyard::learner {
namespace {

constexpr int kLearnerGone = SIGUSR1;
constexpr Milliseconds kEndPatience{300'000};

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, kLearnerGone}) {
    sigaddset(&signals, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Those that lost their parent become ours; `owned` is collected by its owner.
void collect_orphans(pid_t owned) {
  while (true) {
    siginfo_t ended{};
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    if (ended.si_pid == owned) return;
    ::waitpid(ended.si_pid, nullptr, 0);
  }
}

}  // namespace

int guard(const std::vector<std::string>& argv) {
  ::prctl(PR_SET_NAME, kGuardName.data());
  become_subreaper();
  const sigset_t signals = block_signals();
  const pid_t learner = ::getppid();
  if (::prctl(PR_SET_PDEATHSIG, kLearnerGone) != 0) throw_errno("watch the learner");
  if (::getppid() != learner) return 128 + SIGKILL;
  Process command = Process::spawn({.argv = argv,
                                    .env = current_environment(),
                                    .cwd = {},
                                    .stdout_fd = STDOUT_FILENO,
                                    .stderr_fd = STDERR_FILENO,
                                    .extra_fds = {},
                                    .die_with_parent = true});
  while (true) {
    if (const auto ended = command.try_wait()) return ended->code;
    collect_orphans(command.pid());
    if (::sigwaitinfo(&signals, nullptr) != kLearnerGone) continue;
    end_descendants(command.pid(), kEndPatience);
    return 128 + SIGKILL;
  }
}

}  // namespace trainyard::learner
