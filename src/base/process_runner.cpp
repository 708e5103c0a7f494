#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "base/pidfd.hpp"
#include "base/process.hpp"

namespace trainyard {

namespace {

using Steady = std::chrono::steady_clock;

// A file in memory rather than a pipe: nobody has to feed it while the program runs.
Fd input_file(const std::string& input) {
  if (input.empty()) return Fd();
  Fd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) throw_errno("create a file in memory");
  write_all(file, input);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("rewind a file in memory");
  return file;
}

// The last `limit` bytes of what was appended.
class Tail {
 public:
  explicit Tail(std::size_t limit) : limit_(limit) {}
  void append(std::string_view bytes) {
    text_.append(bytes);
    if (text_.size() / 2 > limit_) trim();
  }
  std::string take() {
    trim();
    return std::move(text_);
  }

 private:
  void trim() {
    if (text_.size() > limit_) text_.erase(0, text_.size() - limit_);
  }

  std::size_t limit_;
  std::string text_;
};

class Capture {
 public:
  Capture(const CaptureOptions& options, std::stop_token stop)
      : options_(options), stop_(std::move(stop)), tail_(options.limit) {}

  Captured run() {
    start();
    const std::stop_callback on_stop(stop_, [this] { ::eventfd_write(stop_event_.get(), 1); });
    const auto deadline = steady_deadline(options_.timeout);
    while (!process_->try_wait()) {
      if (stop_.stop_requested()) give_up(ErrorKind::Canceled, "was canceled");
      const auto left = std::chrono::ceil<Milliseconds>(deadline - Steady::now());
      if (left.count() <= 0) {
        give_up(ErrorKind::Timeout,
                "did not end within " + format_duration(options_.timeout) + " and was killed");
      }
      wait_for_news(left);
    }
    while (read_output()) {
    }
    return Captured{process_->wait(), tail_.take()};
  }

 private:
  void start() {
    stop_event_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_event_) throw_errno("create an eventfd");
    const Fd input = input_file(options_.input);
    Pipe output = make_pipe();
    process_ = Process::spawn(SpawnOptions{
        .argv = options_.argv,
        .env = options_.env ? *options_.env : current_environment(),
        .cwd = options_.cwd,
        .stdin_fd = input.get(),
        .stdout_fd = output.write.get(),
        .stderr_fd = output.write.get(),
        .extra_fds = {},
        .new_process_group = true,
        .die_with_parent = true,
    });
    output_ = std::move(output.read);
    if (::fcntl(output_.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("set O_NONBLOCK");
    end_ = open_pidfd(process_->pid());
  }

  void wait_for_news(Milliseconds at_most) {
    std::array<pollfd, 3> watched{pollfd{end_.get(), POLLIN, 0},
                                  pollfd{stop_event_.get(), POLLIN, 0},
                                  pollfd{output_.get(), POLLIN, 0}};
    const auto timeout = static_cast<int>(std::min<std::int64_t>(at_most.count(), 1 << 30));
    if (::poll(watched.data(), watched.size(), timeout) < 0 && errno != EINTR) throw_errno("poll");
    if (watched[2].revents != 0) read_output();
  }

  // false when there is nothing to read now or ever again.
  bool read_output() {
    if (!output_) return false;
    std::array<char, 64 * 1024> buffer;
    const ssize_t n = ::read(output_.get(), buffer.data(), buffer.size());
    if (n > 0) tail_.append({buffer.data(), static_cast<std::size_t>(n)});
    if (n == 0) output_.reset();  // poll would report the end for ever
    return n > 0 || (n < 0 && errno == EINTR);
  }

  [[noreturn]] void give_up(ErrorKind kind, const std::string& why) {
    process_->kill_group(SIGKILL);
    process_->wait();
    throw Error(kind, fmt::format("the program '{}' {}", options_.argv.front(), why));
  }

  const CaptureOptions& options_;
  std::stop_token stop_;
  Tail tail_;
  Fd stop_event_;
  Fd output_;
  Fd end_;
  std::optional<Process> process_;
};

}  // namespace

Captured SystemProcessRunner::run(const CaptureOptions& options, std::stop_token stop) {
  return Capture(options, std::move(stop)).run();
}

}  // namespace trainyard
