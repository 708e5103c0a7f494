#include "learner/process_tree.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/files.hpp"
#include "base/process.hpp"
#include "base/strings.hpp"
#include "learner/test_assignment.hpp"

namespace trainyard::learner {
namespace {

constexpr Milliseconds kPatience{10'000};

class ProcessTreeTest : public ::testing::Test {
 protected:
  void SetUp() override { become_subreaper(); }
  void TearDown() override { end_descendants(-1, kPatience); }

  // Runs a script; what it prints when it is ready is awaited.
  Process start(const std::string& script, std::map<std::string, std::string> env = {}) {
    Pipe output = make_pipe();
    env.emplace("PATH", "/usr/bin:/bin");
    Process process = Process::spawn({.argv = {"/bin/bash", "-c", script},
                                      .env = std::move(env),
                                      .stdout_fd = output.write.get(),
                                      .stderr_fd = output.write.get()});
    output.write.reset();
    std::array<std::byte, 64> buffer;
    const auto got = read_some(output.read, buffer);
    said_ = std::string(reinterpret_cast<const char*>(buffer.data()), got);
    outputs_.push_back(std::move(output.read));
    return process;
  }

  std::string said_;
  std::vector<Fd> outputs_;
};

TEST_F(ProcessTreeTest, ADaemonThatDetachedItselfIsFoundAndEnded) {
  // The subshell ends, so that the daemon is nobody's child but the subreaper's.
  Process process = start(
      "(setsid /bin/bash -c 'echo $$; exec sleep 1000' </dev/null 2>/dev/null &); sleep 1000");
  const auto daemon = static_cast<pid_t>(parse_u64(trim(said_)).value());
  const auto all = descendants();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const auto& p) { return p.pid == daemon; }));
  EXPECT_TRUE(end_descendants(process.pid(), kPatience).empty());
  EXPECT_FALSE(ProcessIdentity::of(daemon).has_value());
  EXPECT_EQ(process.wait().signal, SIGKILL);
}

TEST_F(ProcessTreeTest, LeavesTheOwnedChildsStatusToItsOwner) {
  Process process = start("echo ready; exit 7");
  process.wait();
  EXPECT_TRUE(end_descendants(process.pid(), kPatience).empty());
  EXPECT_EQ(process.wait().code, 7);
}

TEST_F(ProcessTreeTest, EndsAProcessThatIgnoresSignals) {
  Process process = start("trap '' TERM HUP INT; echo ready; while :; do sleep 1000; done");
  EXPECT_TRUE(end_descendants(process.pid(), kPatience).empty());
  EXPECT_EQ(process.wait().signal, SIGKILL);
}

TEST_F(ProcessTreeTest, TellsEveryProcessButThoseOfTheSparedName) {
  Process process = start("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done");
  EXPECT_GE(Teller({"no-such-name"}).tell(SIGTERM), 1u);
  EXPECT_EQ(process.wait().code, 5);
  Process spared = start("echo ready; exec sleep 1000");
  const auto is_asleep = [](const ProcessInfo& p) { return p.name == "sleep"; };
  while (!std::ranges::any_of(descendants(), is_asleep)) std::this_thread::yield();
  EXPECT_EQ(Teller({"sleep"}).tell(SIGTERM), 0u);
  EXPECT_FALSE(spared.try_wait().has_value());
}

TEST_F(ProcessTreeTest, TellsEachOnceAndThenWhatTheShellStarts) {
  Process shell =
      start("trap 'told=yes' TERM; echo ready; while [ -z $told ]; do :; done; sleep 1000");
  Teller teller({});
  EXPECT_GE(teller.tell(SIGTERM), 1u);
  // The shell goes on to the last command, which hears of it in a later round.
  while (!shell.wait_for(Milliseconds(5))) teller.tell(SIGTERM);
  EXPECT_EQ(shell.wait().code, 143);
}

class StraysTest : public ProcessTreeTest {
 protected:
  Process start_stray(const std::string& script, const std::string& more = "") {
    return start(script, {{"TRAINING_ID", kTestRun + more}});
  }
  std::size_t end() { return end_strays("TRAINING_ID=" + kTestRun, kPatience); }
};

TEST_F(StraysTest, AreKnownByTheirEnvironment) {
  const std::string stop = "echo ready; kill -STOP $$";  // no exec after "ready"
  Process stray = start_stray(stop);
  Process other = start_stray(stop, "1");
  ASSERT_EQ(end(), 1u);
  EXPECT_EQ(stray.wait().signal, SIGKILL);
  EXPECT_FALSE(other.try_wait().has_value());
}

TEST_F(StraysTest, AreFoundWhileTheyGoFromOneProgramToTheNext) {
  Process stray = start_stray("echo ready; exec sleep 1000");
  ASSERT_EQ(end(), 1u);
  EXPECT_EQ(stray.wait().signal, SIGKILL);
}

}  // namespace
}  // namespace trainyard::learner
