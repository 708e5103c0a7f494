// A learner that keeps to the engine's protocol and does what the fifo "control" in its work
// directory says: "exit N", "kill N" (itself, with that signal), "sleep" (nothing, until SIGTERM).
// It adds its arguments and environment to the file "seen", and writes a byte to the fifo "ready"
// when it has the lock.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>

#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/lock_file.hpp"
#include "base/process.hpp"
#include "base/strings.hpp"
#include "engine/local_engine.hpp"

using namespace trainyard;

namespace {

Fd block_sigterm() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return Fd(::signalfd(-1, &set, SFD_CLOEXEC));
}

void note_what_is_seen(std::span<char*> arguments) {
  std::string text = "start\n";
  for (const char* argument : arguments) text += std::string("arg ") + argument + "\n";
  for (const auto& [name, value] : current_environment())
    text += "env " + name + "=" + value + "\n";
  write_all(open_file("seen", O_WRONLY | O_CREAT | O_APPEND), text);
}

int obey(const std::string& order) {
  const auto words = split(trim(order), ' ');
  const int number = static_cast<int>(parse_i64(words.back()).value_or(1));
  std::cerr << "the stub was told: " << trim(order) << "\n" << std::flush;
  if (words[0] == "kill") ::raise(number);
  return number;
}

int wait_for_orders(const Fd& sigterm) {
  const Fd control = open_file("control", O_RDWR);
  write_all(open_file("ready", O_RDWR), "r");
  std::array<pollfd, 2> fds{{{sigterm.get(), POLLIN, 0}, {control.get(), POLLIN, 0}}};
  ::poll(fds.data(), fds.size(), -1);
  if (fds[0].revents != 0) return 0;
  std::array<char, 64> order{};
  read_some(control, std::as_writable_bytes(std::span(order)));
  return obey(order.data());
}

}  // namespace

int main(int argc, char** argv) {
  const Fd sigterm = block_sigterm();
  const auto lock = LockFile::try_acquire("lock", std::string("attempt ") + argv[5]);
  if (!lock) {
    std::cerr << "another learner works in this directory\n";
    return engine::kLearnerLockTaken;
  }
  note_what_is_seen(std::span(argv, static_cast<std::size_t>(argc)));
  return wait_for_orders(sigterm);
}
