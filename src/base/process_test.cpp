#include "base/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard {
namespace {

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.argv = {"sh", "-c", script};
  options.env = current_environment();
  return options;
}

// Reads to the end of the pipe.
std::string drain(const Fd& fd) {
  std::string all;
  std::array<std::byte, 4096> buffer;
  while (const std::size_t n = read_some(fd, buffer)) {
    all.append(reinterpret_cast<const char*>(buffer.data()), n);
  }
  return all;
}

std::string output_of(SpawnOptions options) {
  Pipe pipe = make_pipe();
  options.stdout_fd = pipe.write.get();
  Process process = Process::spawn(options);
  pipe.write.reset();
  std::string all = drain(pipe.read);
  process.wait();
  return all;
}

ErrorKind kind_of_spawn(const SpawnOptions& options) {
  return kind_of([&] { Process::spawn(options).wait(); });
}

TEST(Process, ReportsTheExitCode) {
  const ExitStatus status = Process::spawn(shell("exit 7")).wait();
  EXPECT_EQ(status.code, 7);
  EXPECT_EQ(status.signal, 0);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(Process::spawn(shell("exit 0")).wait().ok());
}

TEST(Process, ReportsTheSignal) {
  const ExitStatus status = Process::spawn(shell("kill -TERM $$")).wait();
  EXPECT_EQ(status.code, 128 + SIGTERM);
  EXPECT_EQ(status.signal, SIGTERM);
}

TEST(Process, WaitMayBeRepeated) {
  Process process = Process::spawn(shell("exit 3"));
  EXPECT_EQ(process.wait().code, 3);
  EXPECT_EQ(process.wait().code, 3);
  EXPECT_EQ(process.try_wait()->code, 3);
  EXPECT_EQ(process.wait_for(Milliseconds{0})->code, 3);
}

TEST(Process, WaitForEndsAtItsTimeout) {
  SpawnOptions options = shell("read line");
  Pipe stdin_pipe = make_pipe();
  options.stdin_fd = stdin_pipe.read.get();
  Process process = Process::spawn(options);
  EXPECT_FALSE(process.try_wait());
  EXPECT_FALSE(process.wait_for(Milliseconds{5}));
  write_all(stdin_pipe.write, "line\n");
  const auto status = process.wait_for(Milliseconds::max());
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->ok());
}

TEST(Process, MissingProgramIsNotFound) {
  EXPECT_EQ(kind_of_spawn({.argv = {"no-such-program"}, .env = {}, .cwd = {}, .extra_fds = {}}),
            ErrorKind::NotFound);
  EXPECT_EQ(kind_of_spawn({.argv = {"/no/such/program"}, .env = {}, .cwd = {}, .extra_fds = {}}),
            ErrorKind::NotFound);
}

TEST(Process, MissingWorkingDirectoryIsNotFoundAndNamed) {
  SpawnOptions options = shell("exit 0");
  options.cwd = "/no/such/directory";
  try {
    Process::spawn(options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_NE(std::string(e.what()).find("/no/such/directory"), std::string::npos) << e.what();
  }
}

TEST(Process, FileWithoutExecuteRightIsForbidden) {
  const TempDir dir;
  write_file_atomic(dir.path() / "script", "#!/bin/sh\n", 0600);
  const std::string path = dir.path() / "script";
  EXPECT_EQ(kind_of_spawn({.argv = {path}, .env = {}, .cwd = {}, .extra_fds = {}}),
            ErrorKind::Forbidden);
}

TEST(Process, EmptyCommandIsInvalid) {
  EXPECT_EQ(kind_of_spawn(SpawnOptions{}), ErrorKind::InvalidInput);
}

TEST(Process, NulBytesAreRefusedAndNotCutOff) {
  const std::string with_nul("a\0b", 3);
  SpawnOptions options = shell("exit 0");
  options.argv.push_back(with_nul);
  EXPECT_EQ(kind_of_spawn(options), ErrorKind::InvalidInput);
  options = shell("exit 0");
  options.env["NAME"] = with_nul;
  EXPECT_EQ(kind_of_spawn(options), ErrorKind::InvalidInput);
}

TEST(Process, LooksProgramsUpInThePathOfTheChild) {
  const TempDir dir;
  write_file_atomic(dir.path() / "greet", "#!/bin/sh\necho $WORD\n", 0700);
  SpawnOptions options;
  options.argv = {"greet"};
  options.env = {{"PATH", "relative::" + dir.path().native()}, {"WORD", "hi"}};
  EXPECT_EQ(output_of(options), "hi\n");
}

TEST(Process, ChildHasExactlyTheGivenEnvironment) {
  SpawnOptions options;
  options.argv = {"/usr/bin/env"};
  options.env = {{"A", "1"}, {"B", "two words"}};
  EXPECT_EQ(output_of(options), "A=1\nB=two words\n");
}

TEST(Process, StartsInTheGivenDirectory) {
  const TempDir dir;
  SpawnOptions options = shell("pwd -P");
  options.cwd = dir.path();
  EXPECT_EQ(output_of(options), std::filesystem::canonical(dir.path()).native() + "\n");
}

TEST(Process, InheritsOnlyTheNamedDescriptors) {
  const Fd leaky(::open("/dev/zero", O_RDONLY));  // without O_CLOEXEC, as a careless library
  const Fd high(::dup2(leaky.get(), 200));
  ASSERT_EQ(high.get(), 200);
  const std::string script =
      fmt::format("for n in 0 1 2 {} 200; do [ -e /proc/$$/fd/$n ] && echo $n; done", leaky.get());
  EXPECT_EQ(output_of(shell(script)), "0\n1\n2\n");
}

TEST(Process, PassesDescriptorsInAnyPermutation) {
  const TempDir dir;
  write_file_atomic(dir.path() / "a", "A");
  write_file_atomic(dir.path() / "b", "B");
  const Fd a = open_file(dir.path() / "a", O_RDONLY);
  const Fd b = open_file(dir.path() / "b", O_RDONLY);
  SpawnOptions options = shell(fmt::format("cat /dev/fd/{} /dev/fd/{}", a.get(), b.get()));
  options.extra_fds = {{a.get(), b.get()}, {b.get(), a.get()}};
  EXPECT_EQ(output_of(options), "BA");
}

TEST(Process, StandardDescriptorsAreNullByDefault) {
  const TempDir dir;
  SpawnOptions options = shell("cat && echo out && echo err >&2 && readlink /proc/$$/fd/0 > seen");
  options.cwd = dir.path();
  EXPECT_TRUE(Process::spawn(options).wait().ok());
  EXPECT_EQ(read_file(dir.path() / "seen"), "/dev/null\n");
}

// Ignores one signal while it lives; by a system call, as the library refuses its own (32, 33).
class IgnoreSignal {
 public:
  explicit IgnoreSignal(int number) : number_(number) {
    const std::uint64_t ignore[4] = {1};  // the kernel's sigaction: SIG_IGN
    ::syscall(SYS_rt_sigaction, number_, ignore, before_, 8);
  }
  IgnoreSignal(const IgnoreSignal&) = delete;
  ~IgnoreSignal() { ::syscall(SYS_rt_sigaction, number_, before_, nullptr, 8); }

 private:
  int number_;
  std::uint64_t before_[4] = {};
};

TEST(Process, ChildStartsWithDefaultSignals) {
  const IgnoreSignal pipe(SIGPIPE), cancellation(32), set_ids(33);
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const std::string seen = output_of(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"));
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, &before, &after);
  EXPECT_EQ(seen, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  EXPECT_TRUE(::sigismember(&after, SIGTERM));  // ours is as it was
}

TEST(Process, NewSessionAndGroupAreLedByTheChild) {
  // Fields 1, 5 and 6 of its stat: pid, process group, session.
  const std::string script = "cut -d' ' -f1,5,6 /proc/$$/stat";
  const auto lineage = [&](bool session, bool group) {
    SpawnOptions options = shell(script);
    options.new_session = session;
    options.new_process_group = group;
    return split(trim(output_of(options)), ' ');
  };
  const auto own_session = lineage(true, false);
  EXPECT_EQ(own_session[0], own_session[1]);
  EXPECT_EQ(own_session[0], own_session[2]);
  const auto own_group = lineage(false, true);
  EXPECT_EQ(own_group[0], own_group[1]);
  EXPECT_EQ(own_group[2], std::to_string(::getsid(0)));
  const auto plain = lineage(false, false);
  EXPECT_EQ(plain[1], std::to_string(::getpgrp()));
  const auto both = lineage(true, true);
  EXPECT_EQ(both[0], both[2]);
}

TEST(Process, KillReachesTheChild) {
  Process process = Process::spawn(shell("kill -STOP $$"));
  process.kill(SIGKILL);
  EXPECT_EQ(process.wait().signal, SIGKILL);
}

// The leader is gone, and its pid still names the group.
TEST(Process, KillGroupEndsWhatTheChildLeftBehind) {
  Pipe pipe = make_pipe();
  SpawnOptions options = shell("sleep 600 & exit 0");
  options.stdout_fd = pipe.write.get();
  options.new_process_group = true;
  Process process = Process::spawn(options);
  pipe.write.reset();
  EXPECT_TRUE(process.wait().ok());
  process.kill_group(SIGKILL);
  EXPECT_EQ(drain(pipe.read), "");  // ends when the last holder of the pipe does
}

TEST(Process, KillGroupWithoutOneOfItsOwnHarmsNobody) {
  Process process = Process::spawn(shell("exit 0"));
  process.kill_group(SIGKILL);
  EXPECT_TRUE(process.wait().ok());
}

TEST(Process, DiesWithTheThreadThatStartedIt) {
  SpawnOptions options = shell("kill -STOP $$");
  options.die_with_parent = true;
  std::optional<Process> process;
  std::jthread([&] { process = Process::spawn(options); }).join();
  EXPECT_EQ(process->wait().signal, SIGKILL);
}

TEST(Process, AbandonedChildrenAreCollected) {
  Pipe pipe = make_pipe();
  SpawnOptions options = shell("read line");
  options.stdin_fd = pipe.read.get();
  std::optional<Process> process = Process::spawn(options);
  const auto identity = ProcessIdentity::of(process->pid());
  process.reset();
  ASSERT_TRUE(identity);
  EXPECT_TRUE(identity->alive());
  EXPECT_EQ(reap(), 0u);
  pipe.write.reset();
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(identity->pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(identity->alive());  // a zombie
  EXPECT_EQ(reap(), 1u);
  EXPECT_FALSE(ProcessIdentity::of(identity->pid));
  EXPECT_EQ(reap(), 0u);
}

TEST(Process, ManyThreadsStartChildrenAtOnce) {
  std::array<std::string, 4> results;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
      threads.emplace_back([&results, i] {
        for (int k = 0; k < 10; ++k) results[i] += output_of(shell("echo " + std::to_string(i)));
      });
    }
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::string expected;
    for (int k = 0; k < 10; ++k) expected += std::to_string(i) + "\n";
    EXPECT_EQ(results[i], expected);
  }
}

TEST(FindProgram, FindsExecutableFilesOnly) {
  const auto shell_path = find_program("sh");
  ASSERT_TRUE(shell_path);
  EXPECT_TRUE(shell_path->is_absolute());
  EXPECT_EQ(find_program(shell_path->native()), shell_path);
  EXPECT_EQ(find_program("no-such-program"), std::nullopt);
  EXPECT_EQ(find_program("/etc/passwd"), std::nullopt);
  EXPECT_EQ(find_program("/usr"), std::nullopt);
  EXPECT_EQ(find_program(""), std::nullopt);
}

TEST(CurrentEnvironment, HoldsWhatWasSet) {
  ::setenv("TRAINYARD_TEST_VALUE", "a=b", 1);
  EXPECT_EQ(current_environment().at("TRAINYARD_TEST_VALUE"), "a=b");
  ::unsetenv("TRAINYARD_TEST_VALUE");
  EXPECT_FALSE(current_environment().contains("TRAINYARD_TEST_VALUE"));
}

}  // namespace
}  // namespace trainyard
