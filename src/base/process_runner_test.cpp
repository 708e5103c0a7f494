#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/process.hpp"
#include "base/strings.hpp"

namespace trainyard {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

CaptureOptions shell(const std::string& script) {
  CaptureOptions options;
  options.argv = {"sh", "-c", script};
  return options;
}

Captured run(const CaptureOptions& options, std::stop_token stop = {}) {
  return SystemProcessRunner().run(options, std::move(stop));
}

Error error_of(const CaptureOptions& options, std::stop_token stop = {}) {
  try {
    run(options, std::move(stop));
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::Internal, "");
}

TEST(ProcessRunner, CapturesBothStreamsInOrder) {
  const Captured captured = run(shell("echo 1; echo 2 >&2; echo 3; exit 4"));
  EXPECT_EQ(captured.out, "1\n2\n3\n");
  EXPECT_EQ(captured.status.code, 4);
}

TEST(ProcessRunner, HandsTheInputOver) {
  CaptureOptions options = shell("wc -c");
  options.input = std::string(300'000, 'x');
  EXPECT_EQ(trim(run(options).out), "300000");
  EXPECT_EQ(run(shell("cat")).out, "");
}

TEST(ProcessRunner, InputThatNobodyReadsIsFine) {
  CaptureOptions options = shell("exit 0");
  options.input = std::string(300'000, 'x');
  options.timeout = Milliseconds::max();
  EXPECT_TRUE(run(options).status.ok());
}

TEST(ProcessRunner, UsesTheGivenEnvironmentAndDirectory) {
  const TempDir dir;
  CaptureOptions options = shell("echo $WORD; pwd -P");
  options.env = {{"WORD", "hi"}, {"PATH", "/usr/bin:/bin"}};
  options.cwd = dir.path();
  EXPECT_EQ(run(options).out, "hi\n" + fs::canonical(dir.path()).native() + "\n");
}

TEST(ProcessRunner, KeepsTheTailOfLongOutput) {
  CaptureOptions options = shell("seq 1 100000");
  options.limit = 13;
  EXPECT_EQ(run(options).out, "99999\n100000\n");
  options.limit = 0;
  EXPECT_EQ(run(options).out, "");
}

TEST(ProcessRunner, DoesNotWaitForWhatIsLeftBehind) {
  const Captured captured = run(shell("sleep 600 & echo $!"));
  EXPECT_TRUE(captured.status.ok());
  const auto left = parse_i64(trim(captured.out));
  ASSERT_TRUE(left);
  EXPECT_EQ(::kill(static_cast<pid_t>(*left), SIGKILL), 0);  // it was alive
}

TEST(ProcessRunner, SilentProgramThatClosedItsOutputIsWaitedFor) {
  EXPECT_EQ(run(shell("exec >&- 2>&-; sleep 0.05; exit 3")).status.code, 3);
}

TEST(ProcessRunner, MissingProgramIsNotFound) {
  CaptureOptions options;
  options.argv = {"no-such-program"};
  const Error e = error_of(options);
  EXPECT_EQ(e.kind(), ErrorKind::NotFound);
  EXPECT_THAT(e.what(), HasSubstr("no-such-program"));
}

// The grandchild holds a named pipe open; its end is seen there, whenever it comes.
TEST(ProcessRunner, TimeoutEndsTheWholeGroup) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir.path() / "held").c_str(), 0600), 0);
  const Fd held = open_file(dir.path() / "held", O_RDONLY | O_NONBLOCK);
  CaptureOptions options = shell("sleep 600 > held & wait");
  options.cwd = dir.path();
  options.timeout = 100ms;
  const Error e = error_of(options);
  EXPECT_EQ(e.kind(), ErrorKind::Timeout);
  EXPECT_THAT(e.what(), HasSubstr("'sh' did not end within 100 ms"));
  char byte;
  if (::read(held.get(), &byte, 1) == 0) return;
  pollfd watched{held.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&watched, 1, 60'000), 1);
}

TEST(ProcessRunner, StopEndsIt) {
  std::stop_source source;
  std::optional<Error> error;
  std::jthread runner([&] { error = error_of(shell("sleep 600"), source.get_token()); });
  source.request_stop();
  runner.join();
  EXPECT_EQ(error->kind(), ErrorKind::Canceled);
}

TEST(ProcessRunner, SignalIsReported) {
  EXPECT_EQ(run(shell("kill -KILL $$")).status.signal, SIGKILL);
}

}  // namespace
}  // namespace trainyard
