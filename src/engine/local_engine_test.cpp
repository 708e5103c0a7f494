#include "engine/local_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lock_file.hpp"
#include "base/strings.hpp"
#include "engine/testing/stub_runs.hpp"

namespace trainyard::engine {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class LocalEngineTest : public testing::Test {
 protected:
  LearnerSpec new_spec(unsigned attempt = 1) {
    LearnerSpec spec{.run = model::RunId::generate(),
                     .attempt = attempt,
                     .slots = {},
                     .token = Secret("the-learner-token"),
                     .server_url = "http://127.0.0.1:4711"};
    runs_.prepare(spec.run);
    return spec;
  }
  Observation observe(const std::string& handle) {
    return engine_->observe(std::vector{handle}).at(0);
  }
  // As after a kill -9 of the service: nothing of it is left but its files.
  void restart() {
    engine_.reset();
    engine_ = make_local_engine(runs_.options(), clock_);
  }
  std::vector<std::string> seen(const model::RunId& run) {
    return split(read_file(runs_.of(run) / "seen"), '\n');
  }
  void end(const LearnerSpec& spec, const std::string& handle, std::string_view order = "exit 0") {
    runs_.order(spec.run, order);
    StubRuns::await_end(handle);
  }

  ManualClock clock_;
  StubRuns runs_;
  std::unique_ptr<ComputeEngine> engine_ = make_local_engine(runs_.options(), clock_);
};

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST_F(LocalEngineTest, TheLearnerGetsItsOrdersByArgumentsAndItsTokenByAFile) {
  const auto spec = new_spec(2);
  const std::string handle = engine_->submit(spec);
  runs_.await_lock(spec.run);
  const std::string dir = runs_.of(spec.run).native();
  const auto lines = seen(spec.run);
  EXPECT_EQ(
      std::vector(lines.begin() + 1, lines.begin() + 11),
      (std::vector<std::string>{std::string("arg ") + STUB_LEARNER, "arg learner", "arg --run",
                                "arg " + spec.run.str(), "arg --attempt", "arg 2", "arg --server",
                                "arg http://127.0.0.1:4711", "arg --work-dir", "arg " + dir}));
  EXPECT_THAT(lines, Each(Not(HasSubstr("the-learner-token"))));
  EXPECT_EQ(read_file(runs_.of(spec.run) / "token"), "the-learner-token");
  EXPECT_EQ(mode_of(runs_.of(spec.run) / "token"), 0600u);
  EXPECT_EQ(mode_of(runs_.of(spec.run)), 0700u);
  end(spec, handle);
}

TEST_F(LocalEngineTest, NoSecretOfTheServiceReachesTheLearner) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  runs_.await_lock(spec.run);
  const auto lines = seen(spec.run);
  EXPECT_THAT(lines, Contains("env PATH=/usr/bin:/bin"));
  EXPECT_THAT(lines, Contains("env LANG=C.UTF-8"));
  EXPECT_THAT(lines, Each(Not(HasSubstr("ML_PASSWORD"))));
  end(spec, handle);
}

TEST_F(LocalEngineTest, TheLearnerLeadsASessionOfItsOwn) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  const pid_t pid = LearnerHandle::parse(handle)->process.pid;
  EXPECT_EQ(::getsid(pid), pid);
  EXPECT_NE(::getsid(pid), ::getsid(0));
  end(spec, handle);
}

TEST_F(LocalEngineTest, TheEndIsToldWithTheLearnersLastWords) {
  const auto coded = new_spec(), killed = new_spec();
  const std::string first = engine_->submit(coded), second = engine_->submit(killed);
  end(coded, first, "exit 7");
  end(killed, second, "kill 9");
  EXPECT_EQ(observe(first).detail, "exit code 7; its last words: the stub was told: exit 7");
  EXPECT_EQ(observe(second).detail,
            "killed by signal 9; its last words: the stub was told: kill 9");
  restart();
  EXPECT_EQ(observe(first).detail, "exit code 7; its last words: the stub was told: exit 7");
}

TEST_F(LocalEngineTest, EndedLearnersAreCollectedWithoutBeingAskedFor) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  end(spec, handle);
  const pid_t pid = LearnerHandle::parse(handle)->process.pid;
  ASSERT_TRUE(ProcessIdentity::of(pid)) << "a zombie until now";
  engine_->observe({});
  EXPECT_FALSE(ProcessIdentity::of(pid));
}

TEST_F(LocalEngineTest, AChildOfSomebodyElseIsLeftAlone) {
  auto other = Process::spawn({.argv = {"true"}, .env = current_environment()});
  other.wait();
  engine_->observe({});
  EXPECT_TRUE(ProcessIdentity::of(other.pid())) << "collected by the engine";
}

TEST_F(LocalEngineTest, ARestartAdoptsARunningLearner) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  runs_.await_lock(spec.run);
  restart();
  EXPECT_EQ(observe(handle).state, LearnerState::Running);
  engine_->cancel(handle, Milliseconds(1000));
  StubRuns::await_end(handle);
  const auto ended = observe(handle);
  EXPECT_EQ(ended.state, LearnerState::Exited);
  EXPECT_EQ(ended.detail, "the learner ended while the service was not running");
}

TEST_F(LocalEngineTest, ARestartedMachineIsNamedAsTheReason) {
  const LearnerHandle earlier{model::RunId::generate(), 1, {"another-boot", 1, 1}};
  const auto seen = observe(earlier.to_string());
  EXPECT_EQ(seen.state, LearnerState::Exited);
  EXPECT_EQ(seen.detail, "the machine was restarted");
}

// The windows between the start of a learner and the note of its handle.

TEST_F(LocalEngineTest, KilledAfterTheLearnerTookTheLockFindsIt) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  runs_.await_lock(spec.run);
  fs::remove(runs_.of(spec.run) / "attempt-1.handle");
  restart();
  EXPECT_EQ(engine_->submit(spec), handle);
  EXPECT_EQ(std::ranges::count(seen(spec.run), "start"), 1);
  end(spec, handle);
}

TEST_F(LocalEngineTest, KilledWhileNotingTheHandleFindsTheLearnerToo) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  runs_.await_lock(spec.run);
  fs::resize_file(runs_.of(spec.run) / "attempt-1.handle", 0);
  restart();
  EXPECT_EQ(engine_->submit(spec), handle);
  end(spec, handle);
}

TEST_F(LocalEngineTest, KilledBeforeTheLearnerTookTheLockLetsOnlyOneWork) {
  const auto spec = new_spec();
  const fs::path lock = runs_.of(spec.run) / "lock";
  // This process is the learner that was started before, between locking and writing its name.
  const auto held = LockFile::try_acquire(lock, "attempt 1");
  const std::string name = read_file(lock);
  fs::resize_file(lock, 0);

  const std::string handle = engine_->submit(spec);
  StubRuns::await_end(handle);
  EXPECT_TRUE(observe(handle).detail.starts_with("exit code 75; its last words: another learner"));
  write_all(open_file(lock, O_WRONLY), name);
  EXPECT_EQ(observe(handle).state, LearnerState::Running) << "the one with the lock counts";
  EXPECT_FALSE(fs::exists(runs_.of(spec.run) / "seen")) << "the second one worked";
}

TEST_F(LocalEngineTest, ALockOfAnEarlierAttemptIsNoSignOfThisOne) {
  auto spec = new_spec();
  { const auto earlier = LockFile::try_acquire(runs_.of(spec.run) / "lock", "attempt 1"); }
  spec.attempt = 2;
  const std::string handle = engine_->submit(spec);
  EXPECT_NE(LearnerHandle::parse(handle)->process.pid, ::getpid());
  end(spec, handle);
}

TEST_F(LocalEngineTest, CancelLeavesALearnerWithoutTheLockAlone) {
  const auto spec = new_spec();
  const auto held = LockFile::try_acquire(runs_.of(spec.run) / "lock", "attempt 9");
  const LearnerHandle self{spec.run, 1, ProcessIdentity::of(::getpid()).value()};
  engine_->cancel(self.to_string(), Milliseconds(1));  // would end this test
  EXPECT_EQ(observe(self.to_string()).state, LearnerState::Running);
}

TEST_F(LocalEngineTest, AMissingProgramIsAnErrorThatNamesRunAndProgram) {
  auto options = runs_.options();
  options.program = "/nonexistent/trainyard";
  const auto engine = make_local_engine(options, clock_);
  const auto spec = new_spec();
  try {
    engine->submit(spec);
    FAIL() << "there is no such program";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_THAT(e.what(), AllOf(HasSubstr(spec.run.str()), HasSubstr("/nonexistent/trainyard")));
  }
  const std::string handle = engine_->submit(spec);  // and it can be started later
  EXPECT_EQ(observe(handle).state, LearnerState::Running);
  end(spec, handle);
}

TEST_F(LocalEngineTest, ForgettingRemovesTheWorkDirectoryUnderALivingLearner) {
  const auto spec = new_spec();
  const std::string handle = engine_->submit(spec);
  runs_.await_lock(spec.run);
  engine_->forget(spec.run);
  EXPECT_TRUE(fs::is_empty(runs_.directory()));
  LearnerHandle learner = LearnerHandle::parse(handle).value();
  ::kill(learner.process.pid, SIGTERM);
  StubRuns::await_end(handle);
  EXPECT_EQ(observe(handle).state, LearnerState::Exited);
  EXPECT_TRUE(fs::is_empty(runs_.directory())) << "how it ended was noted in a new directory";
}

TEST_F(LocalEngineTest, WhatAKilledForgetLeftIsRemovedAtTheNextStart) {
  const fs::path rest = runs_.directory() / ".forgotten-training-abcdefghi-00";
  make_private_dir(rest / "deep");
  restart();
  EXPECT_FALSE(fs::exists(rest));
}

TEST_F(LocalEngineTest, WithoutAGpuTheCoresAreSharedAndTheNoteSaysSo) {
  const auto capacity = engine_->capacity();
  EXPECT_FALSE(capacity.gpus);
  ASSERT_EQ(capacity.slots.size(), 4u);
  EXPECT_EQ(capacity.slots[3].id, "cpu-3");
  EXPECT_TRUE(capacity.slots[3].unavailable.empty());
  EXPECT_TRUE(
      capacity.note.starts_with("no GPU is used (no NVIDIA driver library on this machine"
                                "): 4 CPU slots share "))
      << capacity.note;
}

TEST_F(LocalEngineTest, EveryNamedSizeHasItsSlotsOnASmallMachine) {
  auto options = runs_.options();
  options.cpu_slots.reset();
  EXPECT_GE(make_local_engine(options, clock_)->capacity().slots.size(), 4u);
  options.cpu_slots = 0;
  EXPECT_THROW(make_local_engine(options, clock_), Error);
}

}  // namespace
}  // namespace trainyard::engine
