#include "learner/guard.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/process.hpp"
#include "learner/process_tree.hpp"

namespace trainyard::learner {
namespace {

constexpr Milliseconds kPatience{60'000};

class GuardTest : public ::testing::Test {
 protected:
  void SetUp() override { become_subreaper(); }
  void TearDown() override { end_descendants(-1, kPatience); }

  // In a child of this process: what a learner would be.
  template <typename Fn>
  static pid_t fork_and(Fn&& fn) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(fn());
    return child;
  }
  static int guard_script(const std::string& script, const Fd& output) {
    ::dup2(output.get(), STDOUT_FILENO);
    return guard({"/bin/bash", "-c", script});
  }
  static int exit_code(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status);
  }
  static std::string read_to_the_end(const Fd& from) {
    std::string all;
    std::array<std::byte, 64> buffer;
    while (const auto got = read_some(from, buffer)) {
      all.append(reinterpret_cast<const char*>(buffer.data()), got);
    }
    return all;
  }

  Pipe output_ = make_pipe();
};

TEST_F(GuardTest, PassesOnTheOutputAndTheExitCode) {
  const pid_t child = fork_and([&] { return guard_script("echo said; exit 7", output_.write); });
  output_.write.reset();
  EXPECT_EQ(exit_code(child), 7);
  EXPECT_EQ(read_to_the_end(output_.read), "said\n");
}

TEST_F(GuardTest, ASignalThatEndsTheCommandIsInTheCode) {
  EXPECT_EQ(exit_code(fork_and([&] { return guard_script("kill -9 $$", output_.write); })), 137);
}

TEST_F(GuardTest, WhenTheLearnerIsKilledNothingOfItsCommandIsLeft) {
  const pid_t learner = fork_and([&] {
    fork_and([&] {
      return guard_script(
          "(env -i setsid /bin/bash -c 'trap \"\" TERM HUP; echo daemon; exec /bin/sleep 1000' &)\n"
          "sleep 1000 & sleep 1000",
          output_.write);
    });
    ::pause();
    return 0;
  });
  output_.write.reset();
  std::array<std::byte, 64> buffer;
  ASSERT_GT(read_some(output_.read, buffer), 0u);
  ::kill(learner, SIGKILL);
  // Every process of the command holds the pipe open.
  EXPECT_EQ(read_to_the_end(output_.read), "");
}

TEST_F(GuardTest, IgnoresWhatIsMeantForTheCommand) {
  const pid_t child = fork_and(
      [&] { return guard_script("kill -TERM $PPID; echo went on; exit 3", output_.write); });
  output_.write.reset();
  EXPECT_EQ(exit_code(child), 3);
  EXPECT_EQ(read_to_the_end(output_.read), "went on\n");
}

}  // namespace
}  // namespace trainyard::learner
