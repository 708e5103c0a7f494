#include "base/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "base/error.hpp"
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
  try {
    Process::spawn(options).wait();
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "spawn did not throw";
  return ErrorKind::Internal;
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

}  // namespace
}  // namespace trainyard
