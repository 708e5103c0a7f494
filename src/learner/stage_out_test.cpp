#include "learner/stage_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "learner/directories.hpp"
#include "learner/fake_clock.hpp"
#include "learner/test_assignment.hpp"
#include "learner/test_bucket.hpp"
#include "learner/test_files.hpp"
#include "objectstore/failing_store.hpp"

namespace trainyard::learner {
namespace {

using objectstore::fail_calls;
using objectstore::FailingStore;
using objectstore::StoreCall;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::SizeIs;

class StageOutTest : public ::testing::Test {
 protected:
  void SetUp() override {
    prepare_directories(layout_, std::nullopt, false);
    make_private_dir(dir_.path() / "logs");
    put(layout_.result_dir() / "model.bin", "weights");
    put(layout_.log_dir() / "evaluation-metrics.txt", "{}\n");
    put(layout_.checkpoint_dir() / "ckpt-1", "checkpoint");
    for (const auto name : kLogFiles) put(layout_.log_file(name), std::string(name) + "!");
  }

  void run(objectstore::ObjectStore& store, std::string prefix = "", std::stop_token hurry = {},
           std::stop_token abandon = {}) {
    stage_out({.layout = layout_,
               .store = store,
               .prefix = std::move(prefix),
               .keep_trying = Milliseconds(3'600'000),
               .clock = clock_,
               .on_progress = [](const wire::Progress&) {},
               .tell = [this](std::string_view text) { told_.emplace_back(text); }},
              std::move(hurry), std::move(abandon));
  }
  ErrorKind kind_of_failure(objectstore::ObjectStore& store, std::stop_token hurry = {},
                            std::stop_token abandon = {}) {
    try {
      run(store, "", std::move(hurry), std::move(abandon));
    } catch (const Error& e) {
      return e.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::Internal;
  }

  TempDir dir_;
  Layout layout_ = layout_of(dir_.path(), test_assignment(), Confinement::Sandbox);
  FakeClock clock_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  std::vector<std::string> told_;
};

TEST_F(StageOutTest, StoresTheDocumentedLayout) {
  run(*store_);
  const std::map<std::string, std::string> expected = {
      {"_wml_checkpoints/ckpt-1", "checkpoint"},
      {"training-DOl4q2LkR/learner-1/evaluation-metrics.txt", "{}\n"},
      {"training-DOl4q2LkR/learner-1/load-data.log", "load-data.log!"},
      {"training-DOl4q2LkR/learner-1/load-model.log", "load-model.log!"},
      {"training-DOl4q2LkR/learner-1/training-log.txt", "training-log.txt!"},
      {"training-DOl4q2LkR/model.bin", "weights"}};
  EXPECT_EQ(content(*store_), expected);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(StageOutTest, KeepsBelowThePrefixOfTheManifest) {
  run(*store_, "team/a/");
  EXPECT_THAT(content(*store_), Contains(Key("team/a/training-DOl4q2LkR/model.bin")));
  EXPECT_THAT(content(*store_), Contains(Key("team/a/_wml_checkpoints/ckpt-1")));
  EXPECT_THAT(content(*store_), SizeIs(6));
}

TEST_F(StageOutTest, TheRunsOwnLogsWinOverTheCommands) {
  put(layout_.log_dir() / kTrainingLog, "forged");
  make_private_dir(layout_.result_dir() / "learner-1");
  put(layout_.result_dir() / "learner-1" / kTrainingLog, "forged");
  run(*store_);
  EXPECT_EQ(content(*store_)["training-DOl4q2LkR/learner-1/training-log.txt"], "training-log.txt!");
}

TEST_F(StageOutTest, TriesAgainWhileTheStoreIsAway) {
  FailingStore away(*store_, fail_calls(StoreCall::List, 1, 5));
  run(away);
  EXPECT_THAT(content(*store_), SizeIs(6));
  ASSERT_THAT(told_, SizeIs(2));
  EXPECT_THAT(told_[0], HasSubstr("next try in 1 s"));
  EXPECT_THAT(told_[1], HasSubstr("next try in 2 s"));
}

TEST_F(StageOutTest, GivesUpWhenTheTimeIsOver) {
  FailingStore away(*store_, [](auto, const auto&, auto) {
    return objectstore::Failure{.kind = ErrorKind::Unavailable};
  });
  EXPECT_EQ(kind_of_failure(away), ErrorKind::Unavailable);
  EXPECT_EQ(told_.size(), 19u);  // 1 s … 256 s, then every five minutes of the hour
  EXPECT_EQ(read_file(layout_.result_dir() / "model.bin"), "weights");
}

TEST_F(StageOutTest, StoresWhatCanBeStoredThoughSomethingElseIsRefused) {
  FailingStore refusing(*store_, [](StoreCall call, const std::string& key, unsigned) {
    const bool refused = call == StoreCall::Put && key.ends_with("model.bin");
    return refused ? std::optional(objectstore::Failure{.kind = ErrorKind::TooLarge})
                   : std::nullopt;
  });
  EXPECT_EQ(kind_of_failure(refusing), ErrorKind::TooLarge);
  EXPECT_THAT(content(*store_), SizeIs(5));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(StageOutTest, DoesNotRepeatWhatWasRefusedForGood) {
  FailingStore refusing(*store_, [](auto, const auto&, auto) {
    return objectstore::Failure{.kind = ErrorKind::Forbidden};
  });
  EXPECT_EQ(kind_of_failure(refusing), ErrorKind::Forbidden);
  EXPECT_EQ(refusing.calls(StoreCall::List), 3u);
}

TEST_F(StageOutTest, ACancelWhileItWaitsMeansOneMoreTry) {
  std::stop_source hurry;
  FailingStore away(*store_, [&](StoreCall call, const auto&, unsigned nth) {
    if (call == StoreCall::List && nth == 4) hurry.request_stop();
    return objectstore::Failure{.kind = ErrorKind::Unavailable};
  });
  EXPECT_EQ(kind_of_failure(away, hurry.get_token()), ErrorKind::Unavailable);
  EXPECT_EQ(away.calls(StoreCall::List), 9u);  // of three trees: the first try, and two more
}

TEST_F(StageOutTest, StopsAtOnceWhenTheRunIsSuperseded) {
  std::stop_source abandon;
  abandon.request_stop();
  EXPECT_EQ(kind_of_failure(*store_, {}, abandon.get_token()), ErrorKind::Canceled);
}

TEST_F(StageOutTest, FollowsNoLinkThatTheCommandLeft) {
  remove_tree(layout_.log_dir());
  fs::create_directory_symlink("/etc", layout_.log_dir());
  fs::create_symlink("/etc/passwd", layout_.result_dir() / "passwd");
  run(*store_);
  EXPECT_THAT(content(*store_), SizeIs(5));
  ASSERT_THAT(told_, SizeIs(2));
  EXPECT_THAT(told_[0], HasSubstr("/job/logs is no directory any more"));
  EXPECT_THAT(told_[1], HasSubstr("passwd: "));
}

TEST_F(StageOutTest, NothingToStoreIsFine) {
  release_directories(layout_);
  run(*store_);
  EXPECT_THAT(content(*store_), SizeIs(3));  // the logs
}

}  // namespace
}  // namespace trainyard::learner
