#include "learner/stage_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "base/ordinary_user_testing.hpp"
#include "learner/checkpoint_record.hpp"
#include "learner/directories.hpp"
#include "learner/fake_clock.hpp"
#include "learner/test_assignment.hpp"
#include "learner/test_bucket.hpp"
#include "learner/test_files.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/retry.hpp"

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
using ::testing::Not;
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
    StageOut({.layout = layout_,
              .store = store,
              .retries = retries_,
              .prefix = std::move(prefix),
              .keep_trying = Milliseconds(3'600'000),
              .clock = clock_,
              .on_progress = [this](const wire::Progress& p) { troubles_.push_back(p.trouble); },
              .tell = [this](std::string_view text) { told_.emplace_back(text); }})
        .finish(std::move(hurry), std::move(abandon));
  }
  ErrorKind kind_of_failure(objectstore::ObjectStore& store, std::stop_token hurry = {},
                            std::stop_token abandon = {}) {
    return kind_of([&] { run(store, "", std::move(hurry), std::move(abandon)); });
  }

  TempDir dir_;
  Layout layout_ = layout_of(dir_.path(), test_assignment(), Confinement::Sandbox);
  FakeClock clock_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  const std::shared_ptr<objectstore::RetryWatch> retries_ =
      std::make_shared<objectstore::RetryWatch>();
  std::vector<std::string> told_;
  std::vector<std::string> troubles_;  // of each progress
};

TEST_F(StageOutTest, StoresTheDocumentedLayout) {
  run(*store_);
  const std::map<std::string, std::string> expected = {
      {"_wml_checkpoints/ckpt-1", "checkpoint"},
      {kTestRun + "/learner-1/evaluation-metrics.txt", "{}\n"},
      {kTestRun + "/learner-1/load-data.log", "load-data.log!"},
      {kTestRun + "/learner-1/load-model.log", "load-model.log!"},
      {kTestRun + "/learner-1/training-log.txt", "training-log.txt!"},
      {kTestRun + "/model.bin", "weights"}};
  EXPECT_EQ(content(*store_), expected);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(StageOutTest, KeepsBelowThePrefixOfTheManifest) {
  run(*store_, "team/a/");
  EXPECT_THAT(content(*store_), Contains(Key("team/a/" + kTestRun + "/model.bin")));
  EXPECT_THAT(content(*store_), Contains(Key("team/a/_wml_checkpoints/ckpt-1")));
  EXPECT_THAT(content(*store_), SizeIs(6));
}

TEST_F(StageOutTest, TheRunsOwnLogsWinOverTheCommands) {
  put(layout_.log_dir() / kTrainingLog, "forged");
  make_private_dir(layout_.result_dir() / "learner-1");
  put(layout_.result_dir() / "learner-1" / kTrainingLog, "forged");
  run(*store_);
  EXPECT_EQ(content(*store_)[kTestRun + "/learner-1/training-log.txt"], "training-log.txt!");
}

TEST_F(StageOutTest, TriesAgainWhileTheStoreIsAway) {
  FailingStore away(*store_, fail_calls(StoreCall::List, 1, 2));
  run(away);
  EXPECT_THAT(content(*store_), SizeIs(6));
  ASSERT_THAT(told_, SizeIs(2));
  EXPECT_THAT(told_[0], HasSubstr("next try in 1 s"));
  EXPECT_THAT(told_[1], HasSubstr("next try in 2 s"));
}

TEST_F(StageOutTest, TriesAgainWhenAnotherAnswersInTheStoresPlace) {
  for (const objectstore::Failure& nonsense :
       {objectstore::Failure{.kind = ErrorKind::InvalidInput, .foreign = true},
        objectstore::Failure{.kind = ErrorKind::NotFound, .foreign = true},
        objectstore::Failure{.kind = ErrorKind::Forbidden, .foreign = true},
        objectstore::Failure{.kind = ErrorKind::Corrupt}}) {  // a certificate, or a listing
    for (const unsigned first : {1u, 2u}) {                   // at once, and on the way
      store_ = objectstore::make_memory_store();
      told_.clear();
      FailingStore taken_over(*store_, fail_calls(StoreCall::List, first, 3, nonsense));
      run(taken_over);
      EXPECT_THAT(content(*store_), SizeIs(6));
      EXPECT_THAT(told_, Contains(HasSubstr("next try in 1 s")));
    }
  }
  store_ = objectstore::make_memory_store();
  FailingStore taken_over(*store_, fail_calls(StoreCall::Put, 1, 4,
                                              {.kind = ErrorKind::InvalidInput, .foreign = true}));
  run(taken_over);
  EXPECT_THAT(content(*store_), SizeIs(6));
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
  EXPECT_EQ(refusing.calls(StoreCall::List), 4u);
}

TEST_F(StageOutTest, ACancelWhileItWaitsMeansATryAtOnceAndEndsNothing) {
  std::stop_source hurry;
  const TimePoint begin = clock_.now();
  unsigned lists = 0;
  FailingStore away(*store_, [&](StoreCall call, const auto&, unsigned) {
    if (call == StoreCall::List && ++lists == 2) hurry.request_stop();
    const bool back = lists > 4;
    return back ? std::nullopt
                : std::optional(objectstore::Failure{.kind = ErrorKind::Unavailable});
  });
  run(away, "", hurry.get_token());
  EXPECT_THAT(content(*store_), SizeIs(6));
  EXPECT_EQ(clock_.now() - begin, Milliseconds(1'000 + 0 + 4'000 + 8'000));
}

TEST_F(StageOutTest, TheTimeIsCountedFromTheFirstTryOfAnyAttempt) {
  FailingStore away(*store_, [](auto, const auto&, auto) {
    return objectstore::Failure{.kind = ErrorKind::Unavailable};
  });
  EXPECT_EQ(kind_of_failure(away), ErrorKind::Unavailable);
  told_.clear();
  EXPECT_EQ(kind_of_failure(away), ErrorKind::Unavailable);  // by the learner that comes next
  EXPECT_EQ(told_.size(), 6u);                               // what was left of the hour
}

TEST_F(StageOutTest, ADamagedNoteOfTheFirstTryKeepsNothingBack) {
  fs::create_directory(layout_.storing_since());
  run(*store_);
  EXPECT_THAT(content(*store_), SizeIs(6));
}

TEST_F(StageOutTest, WhatStandsInTheWayIsToldWithTheProgress) {
  FailingStore away(*store_, fail_calls(StoreCall::List, 1, 1));
  run(away);
  ASSERT_THAT(troubles_, Contains(HasSubstr("they are kept on the machine, and storing is tried "
                                            "again until 2025-11-24T17:00:00Z")));
}

TEST_F(StageOutTest, ARequestThatIsTriedAgainIsToldBeforeAnythingIsStored) {
  FailingStore slow(*store_, fail_calls(StoreCall::List, 1, 1, {.retry_after = Milliseconds(800)}));
  SystemClock clock;
  const auto patient =
      objectstore::make_retrying(std::make_unique<BorrowedStore>(slow), {}, clock, retries_);
  run(*patient);
  ASSERT_THAT(troubles_, Not(IsEmpty()));
  EXPECT_EQ(troubles_.front(), "a request had to be tried again: a scripted failure");
  EXPECT_EQ(troubles_.back(), "");
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
  EXPECT_THAT(told_[0], HasSubstr("passwd: "));
  EXPECT_THAT(told_[1], HasSubstr("/job/logs is no directory any more"));
}

TEST_F(StageOutTest, FollowsLinksByTheNamesThatTheCommandKnows) {
  const fs::path results = layout_.result_dir(), checkpoints = layout_.checkpoint_dir();
  fs::create_symlink(layout_.seen(results) / "model.bin", results / "latest");
  fs::create_symlink(results / "model.bin", results / "by-host");
  fs::create_symlink(layout_.seen(checkpoints) / "ckpt-1", checkpoints / "best");
  run(*store_);
  const auto objects = content(*store_);
  EXPECT_EQ(objects.at(kTestRun + "/latest"), "weights");
  EXPECT_EQ(objects.at(kTestRun + "/by-host"), "weights");
  EXPECT_EQ(objects.at("_wml_checkpoints/best"), "checkpoint");
  EXPECT_THAT(told_, IsEmpty());
}

// Directories of an ordinary user's run.
class OrdinaryStageOutTest : public StageOutTest {
 protected:
  void SetUp() override {
    fs::permissions(dir_.path(), fs::perms::all);
    const OrdinaryUser user;
    layout_.work /= "mine";
    make_private_dir(layout_.logs());
    for (const auto name : kLogFiles) put(layout_.log_file(name), "log");
    prepare_directories(layout_, std::nullopt, false);
    put(layout_.result_dir() / "model.bin", "weights");
  }
};

TEST_F(OrdinaryStageOutTest, WhatTheCommandLockedIsOpenedUp) {
  const OrdinaryUser user;
  for (const fs::path& locked : {layout_.result_dir(), layout_.results_bucket_dir()}) {
    ::chmod(locked.c_str(), 0);
  }
  run(*store_);
  EXPECT_EQ(content(*store_)[kTestRun + "/model.bin"], "weights");
}

TEST_F(OrdinaryStageOutTest, ResultsThatCannotBeReachedAreNotTakenForNone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make directories of somebody else";
  for (const fs::path& others : {layout_.result_dir(), layout_.results_bucket_dir()}) {
    ASSERT_EQ(::chown(others.c_str(), 0, 0), 0);
    const OrdinaryUser user;
    EXPECT_EQ(kind_of_failure(*store_), ErrorKind::Forbidden) << others;
  }
}

TEST_F(StageOutTest, NoFileTakesAnothersKey) {
  put(layout_.log_dir() / "history.csv", "of LOG_DIR");
  put(layout_.log_dir() / "load-data.log", "the command's");
  make_private_dir(layout_.result_dir() / "learner-1");
  put(layout_.result_dir() / "learner-1/history.csv", "of RESULT_DIR");
  run(*store_);
  const auto objects = content(*store_);
  const auto has = [&](const std::string& name, const std::string& bytes) {
    return Contains(::testing::Pair(::testing::MatchesRegex(kTestRun + "/" + name), bytes));
  };
  EXPECT_THAT(objects, has("learner-1/history.csv", "of LOG_DIR"));
  EXPECT_THAT(objects, has("learner-1/load-data.log", "load-data.log!"));
  EXPECT_THAT(objects, has("learner-1~[0-9a-f]*/history.csv", "of RESULT_DIR"));
  EXPECT_THAT(objects, has("learner-1/load-data.log~[0-9a-f]*", "the command's"));
  EXPECT_THAT(told_, SizeIs(2));
}

TEST_F(StageOutTest, CheckpointsThatNoCommandHasSeenAreNotStored) {
  ResultUpload upload({.layout = layout_, .store = *store_, .prefix = "", .command_began = false});
  upload.finish({});
  EXPECT_THAT(content(*store_), Not(Contains(Key(HasSubstr("_wml_checkpoints")))));
  EXPECT_THAT(content(*store_), Contains(Key(HasSubstr("training-log.txt"))));
}

// ---- while the command runs ---------------------------------------------------------------------

class ResultSyncTest : public StageOutTest {
 protected:
  // Its content is as old as it looks.
  static void age(const fs::path& file) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  std::uint64_t sync(objectstore::ObjectStore& store) {
    return upload_to(store).sync(Milliseconds(60'000), {});
  }
  std::uint64_t sync_logs(objectstore::ObjectStore& store) {
    return upload_to(store).sync_logs(Milliseconds(60'000), {});
  }
  ResultUpload& upload_to(objectstore::ObjectStore& store) {
    if (!upload_) {
      upload_.emplace(ResultUploadOptions{.layout = layout_, .store = store, .prefix = ""});
    }
    return *upload_;
  }

  std::optional<ResultUpload> upload_;
};

TEST_F(ResultSyncTest, SendsWhatIsQuietAndFinishOnlyTheRest) {
  put(layout_.result_dir() / "growing", "half");
  age(layout_.result_dir() / "model.bin");
  FailingStore counting(*store_, {});
  EXPECT_EQ(sync(counting), 0u);
  EXPECT_THAT(content(*store_), Contains(Key(kTestRun + "/model.bin")));
  EXPECT_THAT(content(*store_), Not(Contains(Key(kTestRun + "/growing"))));
  const unsigned sent = counting.calls(StoreCall::Put);
  upload_->finish({});
  EXPECT_THAT(content(*store_), SizeIs(7));
  // All but model.bin; the logs are sent in any case.
  EXPECT_EQ(counting.calls(StoreCall::Put) - sent, 6u);
}

TEST_F(ResultSyncTest, ALogThatNeverRestsGoesUpNowAndThen) {
  EXPECT_EQ(sync_logs(*store_), 0u);
  const std::string key = kTestRun + "/learner-1/training-log.txt";
  EXPECT_EQ(content(*store_)[key], "training-log.txt!");
  put(layout_.log_file(kTrainingLog), "training-log.txt! and more");
  sync_logs(*store_);
  EXPECT_EQ(content(*store_)[key], "training-log.txt!") << "not so soon";
  age(layout_.log_file(kTrainingLog));
  sync_logs(*store_);
  EXPECT_EQ(content(*store_)[key], "training-log.txt! and more");
}

TEST_F(ResultSyncTest, AStoreThatIsAwayIsCountedAndThrowsNothing) {
  FailingStore away(*store_, [](auto, const auto&, auto) {
    return objectstore::Failure{.kind = ErrorKind::Unavailable};
  });
  EXPECT_EQ(sync(away), 1u);
}

TEST_F(ResultSyncTest, APassThatWaitsForTheStoreEndsWithTheCommand) {
  age(layout_.result_dir() / "model.bin");
  std::promise<void> asked;
  FailingStore away(*store_, [&](StoreCall call, const auto&, unsigned nth) {
    if (call == StoreCall::Put && nth == 1) asked.set_value();
    return call == StoreCall::Put ? std::optional(objectstore::Failure{}) : std::nullopt;
  });
  SystemClock clock;
  const Milliseconds long_pause(600'000);
  const auto patient = objectstore::make_retrying(
      std::make_unique<BorrowedStore>(away),
      {.attempts = 1000, .base = long_pause, .longest = long_pause}, clock);
  ResultUpload upload({.layout = layout_, .store = *patient, .prefix = ""});
  const TimePoint begin = clock.now();
  {
    const ResultSync sync(upload, Milliseconds(10), clock, {});
    asked.get_future().wait();
  }
  EXPECT_LT(clock.now() - begin, long_pause / 10);
}

TEST_F(ResultSyncTest, ADirectoryThatTheCommandMadeAnewIsLookedInto) {
  age(layout_.result_dir() / "model.bin");
  sync(*store_);
  remove_tree(layout_.result_dir());
  make_private_dir(layout_.result_dir());
  put(layout_.result_dir() / "second", "after");
  age(layout_.result_dir() / "second");
  sync(*store_);
  EXPECT_EQ(content(*store_)[kTestRun + "/second"], "after");
}

TEST_F(ResultSyncTest, WhatADirectoryMadeAnewLacksIsTakenOutAndNothingWhenThereIsNone) {
  const fs::path results = layout_.result_dir();
  put(results / "kept", "the same");
  for (const char* name : {"model.bin", "kept"}) age(results / name);
  sync(*store_);
  remove_tree(results);
  upload_->finish({});
  EXPECT_THAT(content(*store_), Contains(Key(kTestRun + "/model.bin")));
  make_private_dir(results);
  put(results / "kept", "the same");
  upload_->finish({});
  EXPECT_THAT(content(*store_), Not(Contains(Key(kTestRun + "/model.bin"))));
  EXPECT_EQ(content(*store_)[kTestRun + "/kept"], "the same");
  remove_tree(results);
  make_private_dir(results);
  upload_->finish({});
  EXPECT_THAT(content(*store_), Not(Contains(Key(kTestRun + "/kept"))));
}

TEST_F(ResultSyncTest, NoDirectoryIsReachedThroughALink) {
  TempDir outside;
  put(outside.path() / "secret", "secret");
  age(outside.path() / "secret");
  fs::rename(layout_.result_dir(), layout_.results_bucket_dir() / "moved");
  fs::create_directory_symlink(outside.path(), layout_.result_dir());
  sync(*store_);
  EXPECT_THAT(content(*store_), Not(Contains(Key(HasSubstr("secret")))));
}

// The run has loaded a checkpoint, stored another in its place, and puts the first one back.
class CheckpointPutBackTest : public ResultSyncTest {
 protected:
  void SetUp() override {
    ResultSyncTest::SetUp();
    save_checkpoint_record(layout_, objectstore::look_at_files(layout_.checkpoint_dir(), {}));
    put(checkpoint_, "changed");
    age(checkpoint_);
    sync(*store_);
    ASSERT_EQ(stored_checkpoint(), "changed");
  }
  std::string stored_checkpoint() { return content(*store_)["_wml_checkpoints/ckpt-1"]; }

  const fs::path checkpoint_ = layout_.checkpoint_dir() / "ckpt-1";
};

TEST_F(CheckpointPutBackTest, IntoADirectoryMadeAnewIsStored) {
  remove_tree(layout_.checkpoint_dir());
  make_private_dir(layout_.checkpoint_dir());
  put(checkpoint_, "checkpoint");
  upload_->finish({});
  EXPECT_EQ(stored_checkpoint(), "checkpoint");
}

TEST_F(CheckpointPutBackTest, IsStoredByTheNextLearner) {
  put(checkpoint_, "checkpoint");
  run(*store_);
  EXPECT_EQ(stored_checkpoint(), "checkpoint");
}

TEST_F(StageOutTest, NothingToStoreIsFine) {
  release_directories(layout_);
  run(*store_);
  EXPECT_THAT(content(*store_), SizeIs(3));  // the logs
}

}  // namespace
}  // namespace trainyard::learner
