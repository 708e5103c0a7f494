#include "base/process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/error.hpp"
#include "base/pidfd.hpp"
#include "base/sync.hpp"

namespace trainyard {

namespace {

// Children that still ran when their Process was destroyed. They are ours to collect, or each
// would stay a zombie until we end.
Sync<std::vector<pid_t>>& abandoned() {
  static Sync<std::vector<pid_t>> pids;
  return pids;
}

ExitStatus to_status(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return ExitStatus{info.si_status, 0};
  return ExitStatus{128 + info.si_status, info.si_status};
}

// Looks at the child's end without collecting it, so that its pid stays taken.
std::optional<ExitStatus> peek(pid_t pid, int flags) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | flags) != 0) {
    if (errno != EINTR) throw_errno("wait for process " + std::to_string(pid));
  }
  if (info.si_pid == 0) return std::nullopt;
  return to_status(info);
}

bool collect(pid_t pid) noexcept {
  const pid_t result = ::waitpid(pid, nullptr, WNOHANG);
  return result == pid || (result < 0 && errno == ECHILD);
}

int poll_timeout(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(
      std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, {})) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    abandon();
    pid_ = std::exchange(other.pid_, -1);
    status_ = std::exchange(other.status_, {});
  }
  return *this;
}

Process::~Process() { abandon(); }

void Process::abandon() noexcept {
  if (pid_ <= 0 || collect(pid_)) return;
  abandoned().with([&](std::vector<pid_t>& pids) { pids.push_back(pid_); });
}

std::optional<ExitStatus> Process::try_wait() {
  if (!status_) status_ = peek(pid_, WNOHANG);
  return status_;
}

ExitStatus Process::wait() {
  if (!status_) status_ = peek(pid_, 0);
  return *status_;
}

std::optional<ExitStatus> Process::wait_for(Milliseconds timeout) {
  if (try_wait()) return status_;
  const auto deadline = steady_deadline(timeout);
  const Fd handle = open_pidfd(pid_);
  while (true) {
    pollfd watched{handle.get(), POLLIN, 0};
    const int left = poll_timeout(deadline);
    if (::poll(&watched, 1, left) < 0 && errno != EINTR) throw_errno("poll");
    if (try_wait() || left == 0) return status_;
  }
}

void Process::kill(int signal) noexcept {
  if (pid_ > 0) ::kill(pid_, signal);
}

void Process::kill_group(int signal) noexcept {
  if (pid_ > 0) ::kill(-pid_, signal);
}

std::size_t reap() noexcept {
  return abandoned().with([](std::vector<pid_t>& pids) { return std::erase_if(pids, collect); });
}

}  // namespace trainyard
