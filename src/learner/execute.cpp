#include "learner/execute.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/pidfd.hpp"
#include "base/process.hpp"
#include "learner/guard.hpp"
#include "learner/output_pump.hpp"
#include "learner/process_tree.hpp"

namespace trainyard::learner {
namespace {

using Steady = std::chrono::steady_clock;

// A process that survives SIGKILL for so long hangs in a driver; then the run goes on without it.
constexpr Milliseconds kEndPatience{300'000};
constexpr Milliseconds kLogPatience{10'000};  // for a full disk, once the command ended
constexpr Milliseconds kClogPause{200};
constexpr Milliseconds kRoomPause{500};  // between two looks at the disk
// Between two looks for processes that have not heard of a cancel.
constexpr Milliseconds kFirstPause{5};
constexpr Milliseconds kLongestPause{1'000};
constexpr int kTerminated = 128 + SIGTERM;
constexpr int kKilled = 128 + SIGKILL;

std::uint64_t kernel_oom_kills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

// Readable once `stop` was requested.
class StopSignal {
 public:
  explicit StopSignal(std::stop_token stop)
      : fd_(::eventfd(0, EFD_CLOEXEC)), callback_(std::move(stop), Notify{fd_.get()}) {
    if (!fd_) throw_errno("create an eventfd");
  }
  int fd() const { return fd_.get(); }

 private:
  struct Notify {
    int fd;
    void operator()() const noexcept { ::eventfd_write(fd, 1); }
  };
  Fd fd_;
  std::stop_callback<Notify> callback_;
};

// What happens after a cancel.
class Ending {
 public:
  explicit Ending(Milliseconds grace) : grace_(grace) {}
  bool begun() const { return deadline_.has_value(); }
  bool overdue() const { return begun() && Steady::now() >= *deadline_; }

  void step() {
    const auto now = Steady::now();
    if (!deadline_) deadline_ = now + grace_;
    if (now < next_round_) return;
    teller_.tell(SIGTERM);
    pause_ = std::min(pause_ * 2, kLongestPause);
    next_round_ = now + pause_;
  }
  Milliseconds pause() const {
    const auto next = std::min(*deadline_, next_round_) - Steady::now();
    return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(next));
  }

 private:
  const Milliseconds grace_;
  Teller teller_{{std::string(kSandboxProgram), std::string(kGuardName)}};
  std::optional<Steady::time_point> deadline_;
  Steady::time_point next_round_{};
  Milliseconds pause_ = kFirstPause;
};

class Execution {
 public:
  Execution(const Command& command, RunLog& log, Milliseconds grace, std::stop_token cancel,
            const std::function<bool()>& no_room)
      : log_(log), cancel_(std::move(cancel)), no_room_(no_room), ending_(grace) {
    Pipe output = make_pipe();
    pump_.emplace(std::move(output.read), log);
    process_ = Process::spawn({.argv = command.argv,
                               .env = command.env,
                               .cwd = command.cwd,
                               .stdout_fd = output.write.get(),
                               .stderr_fd = output.write.get(),
                               .extra_fds = {},
                               .new_process_group = true,
                               .die_with_parent = true});
  }
  Execution(const Execution&) = delete;
  ~Execution() {  // on the way out of an error too
    if (process_) end_descendants(process_->pid(), kEndPatience);
  }

  ExecuteResult run() {
    handle_ = open_pidfd(process_->pid());
    while (!process_->try_wait() && !ending_.overdue() && !out_of_room()) {
      wait_for_news();
      if (cancel_.stop_requested()) ending_.step();
    }
    end_all();
    drain();
    return {.exit_code = process_->try_wait().value_or(ExitStatus{kKilled, SIGKILL}).code,
            .stopped = ending_.begun(),
            .out_of_room = out_of_room_,
            .kernel_out_of_memory = kernel_oom_kills() > oom_kills_before_};
  }

 private:
  void wait_for_news() {
    std::array<pollfd, 3> watched{pollfd{handle_.get(), POLLIN, 0},
                                  pollfd{ending_.begun() ? -1 : cancel_signal_.fd(), POLLIN, 0},
                                  pollfd{pump_->wait_fd(), POLLIN, 0}};
    int timeout = no_room_ ? static_cast<int>(kRoomPause.count()) : -1;
    if (ending_.begun()) timeout = static_cast<int>(ending_.pause().count());
    if (pump_->clogged()) timeout = static_cast<int>(kClogPause.count());
    if (::poll(watched.data(), watched.size(), timeout) < 0 && errno != EINTR) throw_errno("poll");
    if (watched[2].revents != 0 || pump_->clogged()) pump_->once();
  }

  bool out_of_room() {
    if (!no_room_ || Steady::now() < next_look_) return false;
    next_look_ = Steady::now() + kRoomPause;
    out_of_room_ = no_room_();
    return out_of_room_;
  }

  void end_all() {
    for (const ProcessInfo& left : end_descendants(process_->pid(), kEndPatience)) {
      const auto text = fmt::format("process {} ({}) of the command does not end, not even killed",
                                    left.pid, left.name);
      log::error("{}", text);
      log_.own_line(text + "\n");
    }
  }

  // What is in the pipe still; nobody writes into it any more.
  void drain() {
    const auto deadline = Steady::now() + kLogPatience;
    while (pump_->once() || (pump_->clogged() && Steady::now() < deadline)) {
      if (pump_->clogged()) std::this_thread::sleep_for(kClogPause);
    }
    if (pump_->clogged()) log::warn("the end of the output is lost: the disk is full");
  }

  RunLog& log_;
  const std::stop_token cancel_;
  const StopSignal cancel_signal_{cancel_};
  const std::uint64_t oom_kills_before_ = kernel_oom_kills();
  const std::function<bool()>& no_room_;
  Steady::time_point next_look_ = Steady::now() + kRoomPause;
  bool out_of_room_ = false;
  Ending ending_;
  std::optional<OutputPump> pump_;
  std::optional<Process> process_;
  Fd handle_;
};

}  // namespace

ExecuteResult execute(const Command& command, RunLog& log, Milliseconds grace,
                      std::stop_token cancel, const std::function<bool()>& no_room) {
  if (cancel.stop_requested()) return {.exit_code = kTerminated, .stopped = true};
  return Execution(command, log, grace, std::move(cancel), no_room).run();
}

}  // namespace trainyard::learner
