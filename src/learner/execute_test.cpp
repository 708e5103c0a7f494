#include "learner/execute.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "learner/directories.hpp"
#include "learner/process_tree.hpp"
#include "learner/test_assignment.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Milliseconds kLong{60'000};

class ExecuteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    become_subreaper();
    make_private_dir(dir_.path() / "work/logs");
    make_private_dir(dir_.path() / "data");
    put(dir_.path() / "data/x", "the data", 0644);
    fs::permissions(dir_.path() / "data", fs::perms(0755));
  }

  ExecuteResult run(const std::string& script, std::stop_token cancel = {},
                    Milliseconds grace = kLong) {
    const auto assignment = test_assignment(script);
    const Layout layout = layout_of(dir_.path() / "work", assignment, confinement_);
    prepare_directories(layout, user_, true);
    RunLog log(log_file_, clock_, on_write_);
    const Command command = make_command({.layout = layout,
                                          .assignment = assignment,
                                          .data_directory = dir_.path() / "data",
                                          .hidden = {dir_.path() / "work"},
                                          .user = user_});
    const auto result = execute(command, log, grace, cancel, no_room_);
    for (const ProcessInfo& left : descendants()) {
      ADD_FAILURE() << left.pid << " (" << left.name << ") is left, state " << left.state
                    << ", child of " << left.parent << ", we are " << ::getpid();
    }
    return result;
  }
  // Requests the cancel once the command has printed something.
  ExecuteResult run_and_cancel(const std::string& script, Milliseconds grace = kLong) {
    std::stop_source stop;
    on_write_ = [&] { stop.request_stop(); };
    return run(script, stop.get_token(), grace);
  }
  std::string output() { return read_file(log_file_); }

  TempDir dir_;
  SystemClock clock_;
  fs::path log_file_ = dir_.path() / "log";
  Confinement confinement_ = Confinement::None;
  std::optional<sandbox::User> user_;
  std::function<void()> on_write_;
  std::function<bool()> no_room_;
};

TEST_F(ExecuteTest, WithoutRoomOnTheDiskTheCommandIsKilled) {
  std::atomic<bool> full = false;
  on_write_ = [&] { full = true; };
  no_room_ = [&] { return full.load(); };
  const auto result = run("trap '' TERM; echo writing; sleep 600");
  EXPECT_TRUE(result.out_of_room);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.exit_code, 137);
  EXPECT_EQ(output(), "writing\n");
}

TEST_F(ExecuteTest, MergesStdoutAndStderrInOrder) {
  const auto result = run("for i in 1 2 3; do echo out $i; echo err $i >&2; done");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(output(), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

TEST_F(ExecuteTest, RunsAShellInModelDir) {
  run("pwd; echo $MODEL_DIR && test -d ${DATA_DIR} && echo data; cat");
  const std::string model_dir = (dir_.path() / "work/job/model-code").string();
  EXPECT_EQ(output(), model_dir + "\n" + model_dir + "\ndata\n");
}

TEST_F(ExecuteTest, TellsTheExitCode) {
  EXPECT_EQ(run("exit 3").exit_code, 3);
  EXPECT_EQ(run("no-such-program").exit_code, 127);
  EXPECT_THAT(output(), HasSubstr("line 1: no-such-program: command not found"));
  EXPECT_EQ(run("echo > x; ./x").exit_code, 126);
  EXPECT_EQ(run("kill -SEGV $$").exit_code, 139);
  EXPECT_EQ(run("bash -c 'kill -KILL $$'").exit_code, 137);
}

TEST_F(ExecuteTest, ACommandOfManyLinesIsOneScript) {
  EXPECT_EQ(run("# a comment\nx=2\nif [ $x = 2 ]; then\n  echo two\nfi\nexit $x\n").exit_code, 2);
  EXPECT_EQ(output(), "two\n");
}

TEST_F(ExecuteTest, KeepsOutputWithoutALineEnd) {
  run("printf 'no newline'");
  EXPECT_EQ(output(), "no newline");
}

TEST_F(ExecuteTest, KeepsEveryByteOfAFlood) {
  run("head -c 30000000 /dev/zero");
  EXPECT_EQ(fs::file_size(log_file_), 30'000'000u);
}

TEST_F(ExecuteTest, WhatStillHoldsTheOutputEndsWithTheCommand) {
  EXPECT_EQ(run("(while :; do echo noise; : >begun; sleep 0.01; done) & "
                "until [ -e begun ]; do sleep 0.01; done; exit 4")
                .exit_code,
            4);
  EXPECT_THAT(output(), HasSubstr("noise"));
}

TEST_F(ExecuteTest, ADetachedDaemonEndsWithTheCommand) {
  run("(setsid sleep 1000 >/dev/null 2>&1 &); echo started");
  EXPECT_EQ(output(), "started\n");  // run() looks for what is left
}

TEST_F(ExecuteTest, DaemonsThatStartTheNextAndEndAreAllFound) {
  for (int i = 0; i < 5; ++i) {
    run("next() { if [ $1 -gt 0 ]; then (next $(($1 - 1)) &); else exec sleep 1000; fi; }; next "
        "30; "
        "exit 3");  // run() looks for what is left
  }
}

TEST_F(ExecuteTest, ACommandThatClosesItsOutputRunsOn) {
  EXPECT_EQ(run("exec >&- 2>&-; sleep 0.05; exit 6").exit_code, 6);
}

TEST_F(ExecuteTest, ACancelLetsTheProgramSaveAndEndsTheShell) {
  const auto result = run_and_cancel(
      "bash -c 'trap \"echo saved; exit 0\" TERM; echo ready; while :; do sleep 0.01; done'; "
      "echo goes on");
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 143);
  EXPECT_THAT(output(), HasSubstr("saved\n"));
  EXPECT_THAT(output(), Not(HasSubstr("goes on")));
}

TEST_F(ExecuteTest, ACancelWaitsForWhatTheShellStartedInTheBackground) {
  const auto result = run_and_cancel(
      "bash -c 'trap \"sleep 0.1; echo saved; exit\" TERM; echo ready; while :; do sleep 0.01; "
      "done' & wait");
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 143);
  EXPECT_THAT(output(), EndsWith("saved\n"));
}

TEST_F(ExecuteTest, ACommandThatIgnoresTheCancelIsKilledAfterItsGrace) {
  const auto result = run_and_cancel(
      "trap '' TERM; bash -c 'trap \"\" TERM; echo ready; while :; do sleep 1000; done'",
      Milliseconds(50));
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 137);
}

TEST_F(ExecuteTest, ACancelThatCameBeforeStartsNothing) {
  std::stop_source stop;
  stop.request_stop();
  const auto result = run("echo started", stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(output(), "");
}

TEST_F(ExecuteTest, WhatCannotBeStartedIsAnError) {
  RunLog log(log_file_, clock_, {});
  EXPECT_THROW(execute({.argv = {"/no/such/program"}, .env = {}, .cwd = "/"}, log, kLong, {}),
               Error);
}

class SandboxedExecuteTest : public ExecuteTest {
 protected:
  void SetUp() override {
    ExecuteTest::SetUp();
    SystemProcessRunner runner;
    const auto support = sandbox::probe_bubblewrap(runner);
    end_descendants(-1, kLong);  // what the probe's sandbox left to its subreaper
    if (!support.works) GTEST_SKIP() << support.reason;
    confinement_ = Confinement::Sandbox;
    if (::geteuid() == 0) user_ = sandbox::User{65534, 65534};
  }
};

TEST_F(SandboxedExecuteTest, SeesTheDocumentedDirectories) {
  const auto result =
      run("pwd; cat $DATA_DIR/x; echo; echo $RESULT_DIR; "
          "for d in $RESULT_DIR $CHECKPOINT_DIR $LOG_DIR $MODEL_DIR $HOME $TMPDIR; do "
          "touch $d/file || echo cannot write $d; done");
  EXPECT_EQ(result.exit_code, 0) << output();
  EXPECT_EQ(output(), "/job/model-code\nthe data\n/mnt/results/mnist-results/" + kTestRun + "\n");
  EXPECT_TRUE(fs::exists(dir_.path() / "work/job/logs/file"));
  EXPECT_TRUE(fs::exists(dir_.path() / ("work/mnt/results/mnist-results/" + kTestRun + "/file")));
}

TEST_F(SandboxedExecuteTest, CannotChangeItsDataOrSeeTheServicesFiles) {
  run("echo x > $DATA_DIR/x; ls " + (dir_.path() / "work").string() + " | wc -l");
  EXPECT_THAT(output(), HasSubstr("Read-only file system"));
  EXPECT_EQ(read_file(dir_.path() / "data/x"), "the data");
}

TEST_F(SandboxedExecuteTest, TellsTheExitCode) {
  EXPECT_EQ(run("exit 3").exit_code, 3);
  EXPECT_EQ(run("bash -c 'kill -KILL $$'").exit_code, 137);
  EXPECT_EQ(run("no-such-program").exit_code, 127);
}

TEST_F(SandboxedExecuteTest, ACancelLetsTheProgramSave) {
  const auto result = run_and_cancel(
      "bash -c 'trap \"sleep 0.1; echo saved > $RESULT_DIR/checkpoint; exit\" TERM; echo ready; "
      "while :; do sleep 0.01; done'");
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(read_file(dir_.path() / ("work/mnt/results/mnist-results/" + kTestRun + "/checkpoint")),
            "saved\n");
}

TEST_F(SandboxedExecuteTest, ACommandThatIgnoresTheCancelIsKilled) {
  const auto result =
      run_and_cancel("trap '' TERM; echo ready; while :; do sleep 1000; done", Milliseconds(50));
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.exit_code, 137);
}

TEST_F(SandboxedExecuteTest, ADetachedDaemonEndsWithTheCommand) {
  EXPECT_EQ(run("(setsid sleep 1000 &); exit 2").exit_code, 2);
}

TEST_F(SandboxedExecuteTest, ACancelRightAtTheStartIsNotLost) {
  for (int i = 0; i < 8; ++i) {  // at one moment after another, from the fork to the shell
    std::stop_source stop;
    std::jthread cancel([&, i] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2 * i));
      stop.request_stop();
    });
    EXPECT_TRUE(run("sleep 1000", stop.get_token()).stopped);
  }
}

TEST(Command, AContainerGetsTheDocumentedMountsAndNoSecret) {
  auto assignment = test_assignment("python train.py");
  assignment.runtime.image = "caffe:1.0";
  assignment.runtime.image_program = "podman";
  const Layout layout = layout_of("/w", assignment, Confinement::Container);
  const Command command =
      make_command({.layout = layout, .assignment = assignment, .data_directory = "/cache/t"});
  const std::string line = join(command.argv, " ");
  EXPECT_THAT(line, HasSubstr("podman run --rm --init --name " + kTestRun));
  EXPECT_THAT(line, HasSubstr("source=/cache/t,target=/mnt/data/mnist-data,readonly"));
  EXPECT_THAT(line, HasSubstr("source=/w/job,target=/job"));
  EXPECT_THAT(line, HasSubstr("--workdir /job/model-code"));
  EXPECT_THAT(line, HasSubstr("--env RESULT_DIR=/mnt/results/mnist-results/" + kTestRun));
  EXPECT_THAT(line, EndsWith("python train.py"));
  EXPECT_THAT(line, Not(HasSubstr("the-secret-of-the-data")));
}

}  // namespace
}  // namespace trainyard::learner
