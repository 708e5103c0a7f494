#include "runtime/environment_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/mode_testing.hpp"

namespace trainyard::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = EnvironmentState::Kind;

// Plays python, uv and pip: `venv` makes the directory, with files for their owner alone, installs
// are counted and may fail.
class FakeInstaller final : public ProcessRunner {
 public:
  Captured run(const CaptureOptions& options, std::stop_token) override {
    std::scoped_lock guard(mutex_);
    const auto& argv = options.argv;
    const bool venv = std::find(argv.begin(), argv.end(), "venv") != argv.end();
    if (venv) make_private_environment(argv.back());
    if (std::find(argv.begin(), argv.end(), "install") != argv.end()) {
      ++installs_;
      packages_ = argv.back();
      if (failures_ > 0) {
        --failures_;
        return {{.code = 1}, "line one\nno matching distribution for nonsense"};
      }
    }
    return {{}, "ok"};
  }
  int installs() {
    std::scoped_lock guard(mutex_);
    return installs_;
  }
  void fail_next(int count) {
    std::scoped_lock guard(mutex_);
    failures_ = count;
  }

 private:
  static void make_private_environment(const fs::path& target) {
    make_private_dir(target / "bin");
    make_private_dir(target / "lib");
    write_file_atomic(target / "bin/python", "", 0700);
    write_file_atomic(target / "lib/module.py", "", 0600);
    write_file_atomic(target.parent_path() / "private", "");
    fs::create_symlink("../../private", target / "lib/link");
  }

  std::mutex mutex_;
  int installs_ = 0;
  int failures_ = 0;
  std::string packages_;
};

RuntimeSpec spec_of(const std::string& package) {
  RuntimeSpec spec;
  spec.kind = runtime::Kind::Environment;
  spec.framework = "demo";
  spec.version = "1";
  spec.python = {"/usr/bin/python3", {3, 11}};
  spec.packages = {package};
  return spec;
}

class EnvironmentStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<EnvironmentStore> open(unsigned attempts = 2, Milliseconds retry_delay = {}) {
    return open_environment_store({.directory = dir_.path() / "environments",
                                   .uv = "/usr/bin/uv",
                                   .attempts = attempts,
                                   .retry_delay = retry_delay,
                                   .on_change = [this] { changed(); }},
                                  installer_, clock_);
  }
  void wait_for_changes(int count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        condition_.wait_for(lock, std::chrono::seconds(60), [&] { return changes_ >= count; }));
  }

  TempDir dir_;
  FakeInstaller installer_;
  SystemClock clock_;
  std::function<void()> at_change_ = [] {};

 private:
  void changed() {
    at_change_();
    std::scoped_lock guard(mutex_);
    ++changes_;
    condition_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable condition_;
  int changes_ = 0;
};

TEST_F(EnvironmentStoreTest, BuildsOnceForManyAskers) {
  auto store = open();
  const auto spec = spec_of("demo==1");
  std::vector<std::jthread> askers;
  for (int i = 0; i < 100; ++i) askers.emplace_back([&] { store->ensure(spec); });
  askers.clear();
  wait_for_changes(1);
  EXPECT_EQ(store->ensure(spec).kind, Kind::Ready);
  EXPECT_TRUE(store->is_ready(spec));
  EXPECT_EQ(installer_.installs(), 1);
}

TEST_F(EnvironmentStoreTest, ABuiltOneIsFoundAgainAfterARestart) {
  const auto spec = spec_of("demo==1");
  {
    auto store = open();
    EXPECT_EQ(store->ensure(spec).kind, Kind::Building);
    wait_for_changes(1);
  }
  EXPECT_EQ(open()->ensure(spec).kind, Kind::Ready);
  EXPECT_EQ(installer_.installs(), 1);
}

TEST_F(EnvironmentStoreTest, ABrokenBuildIsTriedAgain) {
  installer_.fail_next(1);
  auto store = open(2);
  const auto spec = spec_of("demo==1");
  store->ensure(spec);
  wait_for_changes(1);
  EXPECT_EQ(store->ensure(spec).kind, Kind::Ready);
  EXPECT_EQ(installer_.installs(), 2);
}

TEST_F(EnvironmentStoreTest, ThePauseAfterAFailureHoldsUpNoOther) {
  installer_.fail_next(1);
  auto store = open(2, Milliseconds(3600'000));
  const auto broken = spec_of("nonsense==1");
  const auto sound = spec_of("demo==1");
  EnvironmentState state;
  at_change_ = [&] { state = store->ensure(broken); };
  store->ensure(broken);
  store->ensure(sound);
  wait_for_changes(1);
  EXPECT_EQ(store->ensure(sound).kind, Kind::Ready);
  EXPECT_EQ(state.kind, Kind::Building);
  EXPECT_THAT(state.detail,
              AllOf(HasSubstr(", try 2 of 2 in "), HasSubstr("no matching distribution")));
}

TEST_F(EnvironmentStoreTest, AFailureIsExplainedAndLeavesNothingThatLooksWhole) {
  installer_.fail_next(2);
  auto store = open(2);
  const auto spec = spec_of("nonsense==1");
  store->ensure(spec);
  wait_for_changes(1);
  const auto state = store->ensure(spec);
  EXPECT_EQ(state.kind, Kind::Failed);
  EXPECT_THAT(state.detail, HasSubstr("no matching distribution for nonsense"));
  EXPECT_FALSE(store->is_ready(spec));
  EXPECT_THAT(read_file(store->log_path(spec)), HasSubstr("no matching distribution"));
}

TEST_F(EnvironmentStoreTest, WhatAnInterruptedBuildLeftIsMadeAgain) {
  const auto spec = spec_of("demo==1");
  auto store = open();
  fs::create_directories(store->path(spec));
  write_file_atomic(store->path(spec) / "half", "x");
  store->ensure(spec);
  wait_for_changes(1);
  EXPECT_EQ(store->ensure(spec).kind, Kind::Ready);
  EXPECT_FALSE(fs::exists(store->path(spec) / "half"));
}

TEST_F(EnvironmentStoreTest, AllMayReadWhatIsInItAndNothingElse) {
  const auto spec = spec_of("demo==1");
  auto store = open();
  store->ensure(spec);
  wait_for_changes(1);
  const fs::path made = store->path(spec);
  EXPECT_EQ(mode_of(made), 0755u);
  EXPECT_EQ(mode_of(made / "bin"), 0755u);
  EXPECT_EQ(mode_of(made / "bin/python"), 0755u);
  EXPECT_EQ(mode_of(made / "lib/module.py"), 0644u);
  EXPECT_EQ(mode_of(made.parent_path() / "private"), 0600u) << "a link leads there";
  EXPECT_EQ(mode_of(dir_.path()), 0700u);
}

}  // namespace
}  // namespace trainyard::runtime
