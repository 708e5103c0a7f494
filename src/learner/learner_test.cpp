#include "learner/learner.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "base/lock_file.hpp"
#include "learner/checkpoint_record.hpp"
#include "learner/learner_fixture.hpp"
#include "learner/process_tree.hpp"

namespace trainyard::learner {
namespace {

using model::RunState;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using State = FakeServer::State;

class LearnerTest : public LearnerFixture {};

TEST_F(LearnerTest, RunsACommandFromTheZipToTheBucket) {
  set_command("sh train.sh ${DATA_DIR}/y && cat $DATA_DIR/train/x && echo model > $RESULT_DIR/m");
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "training_started", "training_ended",
                                            "storing_started", "finished"));
  EXPECT_EQ(server_.finish(), (model::Finished{1, RunState::Completed, std::nullopt}));
  EXPECT_THAT(training_log(),
              AllOf(HasSubstr("Training with training/test data at:\n"),
                    HasSubstr("Running Tensorflow job\ntraining with "),
                    EndsWith("/y\nthe data\nTraining process finished. Exit code: 0\n")));
  EXPECT_EQ(stored("m"), "model\n");
  EXPECT_EQ(stored("learner-1/training-log.txt"), training_log());
  EXPECT_THAT(stored("learner-1/load-data.log"), HasSubstr("2 files"));
  EXPECT_THAT(stored("learner-1/load-model.log"), HasSubstr("framework: python system"));
  server_.with([](State& s) { EXPECT_EQ(s.logs_at_finish, s.logs); });
  EXPECT_FALSE(fs::exists(work_ / "job"));
  EXPECT_FALSE(fs::exists(work_ / "logs"));  // bucket and server have them
}

TEST_F(LearnerTest, APrefixIsAFolderWithOrWithoutItsSlash) {
  fill(*data_, {{"train/a.txt", "one"}, {"train/b/c.txt", "two"}, {"training/d.txt", "other"}});
  for (const std::string prefix : {"train", "train/"}) {
    set_command("cd $DATA_DIR && find . -type f | sort");
    assign([&](wire::Assignment& a) { a.manifest.training_data.prefix = prefix; });
    fs::remove_all(work_);
    make_private_dir(work_);
    run();
    EXPECT_THAT(training_log(), HasSubstr("\n./a.txt\n./b/c.txt\n./x\nTraining process finished"));
  }
}

TEST_F(LearnerTest, AFailedCommandLeavesItsResultsAndAVerdict) {
  set_command("echo part > $RESULT_DIR/part; echo 'ValueError: bad shape' >&2; exit 3");
  EXPECT_EQ(run(), LearnerEnd::Reported);
  const auto finish = server_.finish();
  EXPECT_EQ(finish.outcome, RunState::Error);
  ASSERT_TRUE(finish.verdict.has_value());
  EXPECT_EQ(finish.verdict->code, "C201");
  EXPECT_EQ(finish.verdict->exit_code, 3);
  EXPECT_THAT(finish.verdict->message, HasSubstr("ValueError: bad shape"));
  EXPECT_EQ(finish.verdict->last_lines.back(), "ValueError: bad shape");
  EXPECT_EQ(stored("part"), "part\n");
  server_.with(
      [](State& s) { EXPECT_EQ(std::get<model::TrainingEnded>(s.items[2].event).exit_code, 3); });
}

TEST_F(LearnerTest, ACanceledCommandEndsAndItsResultsAreStored) {
  set_command("echo part > $RESULT_DIR/part; echo ready; sleep 1000");
  std::stop_source cancel;
  std::jthread user([&] {
    server_.wait_until([](const State& s) {
      return s.logs.contains("training-log.txt") &&
             s.logs.at("training-log.txt").ends_with("ready\n");
    });
    cancel.request_stop();
  });
  EXPECT_EQ(run(1, cancel), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish(), (model::Finished{1, RunState::Canceled, std::nullopt}));
  EXPECT_EQ(stored("part"), "part\n");
  EXPECT_THAT(training_log(), EndsWith("Training process finished. Exit code: 143\n"));
}

TEST_F(LearnerTest, ACancelThatTheServerTellsEndsTheCommandToo) {
  set_command("echo ready; sleep 1000");
  server_.with([](State& s) { s.cancel = true; });
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
}

TEST_F(LearnerTest, ACancelBeforeTheStartStagesNothing) {
  assign([](wire::Assignment& a) { a.cancel_requested = true; });
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_THAT(server_.events(), ElementsAre("storing_started", "finished"));
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
}

TEST_F(LearnerTest, ACancelWhileStagingStartsNoCommand) {
  std::stop_source cancel;
  objectstore::FailingStore slow(*data_, [&](auto, const auto&, auto) {
    cancel.request_stop();
    return std::nullopt;
  });
  data_for_learner_ = &slow;
  EXPECT_EQ(run(1, cancel), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
  EXPECT_THAT(server_.events(), Not(Contains("training_started")));
}

TEST_F(LearnerTest, BucketsMayBeAwayForMinutesWhileStaging) {
  const auto away = objectstore::fail_calls(objectstore::StoreCall::List, 1, 30);
  fill(*results_, {{"_wml_checkpoints/m", "old"}});
  objectstore::FailingStore data(*data_, away), results(*results_, away);
  data_for_learner_ = &data;
  results_for_learner_ = &results;
  retries_ = true;
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
  const std::string log = stored("learner-1/load-data.log");
  for (const char* of : {"the data", "CHECKPOINT_DIR"}) {
    EXPECT_THAT(log, HasSubstr(fmt::format("30 requests for {} had to be tried again", of)));
  }
}

TEST_F(LearnerTest, ABucketThatStaysAwayEndsTheRunAfterTenMinutes) {
  objectstore::FailingStore away(*data_,
                                 [](auto, const auto&, auto) { return objectstore::Failure{}; });
  data_for_learner_ = &away;
  retries_ = true;
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().verdict->kind, "data_not_loaded");
  EXPECT_THAT(server_.finish().verdict->message, HasSubstr(" times in 10 min"));
}

TEST_F(LearnerTest, ACancelEndsTheWaitForABucketThatIsAway) {
  std::stop_source cancel;
  objectstore::FailingStore away(*data_, [&](auto, const auto&, unsigned nth) {
    if (nth == 20) cancel.request_stop();
    return objectstore::Failure{};
  });
  data_for_learner_ = &away;
  retries_ = true;
  EXPECT_EQ(run(1, cancel), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
  EXPECT_EQ(away.calls(objectstore::StoreCall::List), 20u);
}

TEST_F(LearnerTest, DataThatCannotBeLoadedEndsTheRunWithTheReason) {
  objectstore::FailingStore refusing(*data_, [](auto, const auto&, auto) {
    return objectstore::Failure{.kind = ErrorKind::Forbidden};
  });
  data_for_learner_ = &refusing;
  EXPECT_EQ(run(), LearnerEnd::Reported);
  const auto finish = server_.finish();
  EXPECT_EQ(finish.outcome, RunState::Error);
  EXPECT_EQ(finish.verdict->code, "C103");
  EXPECT_EQ(finish.verdict->kind, "data_not_loaded");
  EXPECT_THAT(server_.events(), ElementsAre("staging_started", "storing_started", "finished"));
  EXPECT_THAT(stored("learner-1/load-data.log"), HasSubstr("failed: "));
}

TEST_F(LearnerTest, ABucketWithoutFilesEndsTheRun) {
  assign([](wire::Assignment& a) { a.manifest.training_data.prefix = "gone"; });
  for (const bool with_markers : {false, true}) {
    if (with_markers) fill(*data_, {{"gone/", ""}, {"gone/sub/", ""}});
    fs::remove_all(work_);
    make_private_dir(work_);
    run();
    EXPECT_EQ(server_.finish().outcome, RunState::Error);
    EXPECT_EQ(server_.finish().verdict->kind, "data_not_loaded");
    EXPECT_THAT(server_.finish().verdict->message,
                HasSubstr("there is no training data in memory://data: it holds no files below "
                          "'gone/'"));
  }
}

TEST_F(LearnerTest, AnEmptyFileIsData) {
  fill(*data_, {{"labels/", ""}, {"labels/none/zero.txt", ""}});
  assign([](wire::Assignment& a) { a.manifest.training_data.prefix = "labels"; });
  run();
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
}

TEST_F(LearnerTest, ADamagedDefinitionIsNotRun) {
  assign([](wire::Assignment& a) { a.definition_sha256 = std::string(64, '0'); });
  run();
  EXPECT_EQ(server_.finish().verdict->kind, "model_not_loaded");
  EXPECT_THAT(server_.finish().verdict->message, HasSubstr("arrived damaged"));
  EXPECT_THAT(server_.events(), Not(Contains("training_started")));
}

TEST_F(LearnerTest, ARuntimeThatIsNotThereEndsTheRunWithItsBuildLog) {
  put(dir_.path() / "build.log", "no matching distribution\n");
  assign([&](wire::Assignment& a) {
    a.runtime.failure = "tensorflow 9 could not be built";
    a.runtime.build_log = (dir_.path() / "build.log").string();
  });
  run();
  EXPECT_EQ(server_.finish().verdict->code, "S103");
  EXPECT_THAT(server_.finish().verdict->message, HasSubstr("tensorflow 9 could not be built"));
  EXPECT_THAT(stored("learner-1/load-model.log"), HasSubstr("no matching distribution\n"));
}

TEST_F(LearnerTest, CheckpointsOfEarlierRunsAreThere) {
  fill(*results_, {{"_wml_checkpoints/m/ckpt-1", "one"}, {"training-other/x", "not mine"}});
  set_command("cat $CHECKPOINT_DIR/m/ckpt-1; echo two > $CHECKPOINT_DIR/m/ckpt-2");
  run();
  EXPECT_THAT(training_log(), HasSubstr("\none\nTraining process finished"));
  EXPECT_EQ(content(*results_)["_wml_checkpoints/m/ckpt-2"], "two\n");
}

TEST_F(LearnerTest, ACheckpointThatTheRunDidNotChangeLeavesANewerOneAlone) {
  fill(*results_, {{"_wml_checkpoints/model", "v1"}, {"_wml_checkpoints/own", "v1"}});
  const fs::path began = dir_.path() / "began", go = dir_.path() / "go";
  set_command("cat $CHECKPOINT_DIR/model; echo v1a > $CHECKPOINT_DIR/own; touch " + began.string() +
              "; until [ -e " + go.string() + " ]; do sleep 0.01; done");
  std::jthread another_run([&] {
    while (!fs::exists(began)) std::this_thread::sleep_for(Milliseconds(1));
    fill(*results_, {{"_wml_checkpoints/model", "v2"}, {"_wml_checkpoints/own", "v2"}});
    put(go, "");
  });
  run();
  EXPECT_EQ(server_.finish().outcome, RunState::Completed) << training_log();
  EXPECT_EQ(content(*results_)["_wml_checkpoints/model"], "v2");
  EXPECT_EQ(content(*results_)["_wml_checkpoints/own"], "v1a\n");
}

TEST_F(LearnerTest, CheckpointsThatChangeWhileTheyAreLoadedAreLoadedAnew) {
  fill(*results_, {{"_wml_checkpoints/model", "v1"}, {"_wml_checkpoints/old/model", "v0"}});
  std::atomic<bool> replaced{false}, removed{false};
  objectstore::FailingStore changing(*results_, [&](auto call, const std::string& key, auto) {
    if (call == objectstore::StoreCall::Get) {
      if (key.ends_with("/old/model") && !removed.exchange(true)) results_->remove(key, {});
      if (key.ends_with("_checkpoints/model") && !replaced.exchange(true)) {
        fill(*results_, {{key, "v2"}});
      }
    }
    return std::nullopt;
  });
  results_for_learner_ = &changing;
  set_command("cd $CHECKPOINT_DIR && find . -type f && cat model");
  run();
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
  EXPECT_THAT(training_log(), HasSubstr("\n./model\nv2\nTraining process finished"));
  EXPECT_THAT(stored("learner-1/load-data.log"), HasSubstr("; listing it anew, time 2 of 5"));
}

TEST_F(LearnerTest, CheckpointsThatChangeAllTheTimeEndTheRunAtLast) {
  fill(*results_, {{"_wml_checkpoints/model", "v0"}});
  objectstore::FailingStore changing(*results_, [&](auto call, const std::string& key, auto nth) {
    if (call == objectstore::StoreCall::Get) fill(*results_, {{key, fmt::format("v{}", nth)}});
    return std::nullopt;
  });
  results_for_learner_ = &changing;
  run();
  EXPECT_EQ(server_.finish().verdict->kind, "checkpoints_not_loaded");
  EXPECT_EQ(changing.calls(objectstore::StoreCall::Get), 5u);
}

TEST_F(LearnerTest, ACancelEndsTheWaitForCheckpointsThatChange) {
  fill(*results_, {{"_wml_checkpoints/model", "v0"}});
  std::stop_source cancel;
  objectstore::FailingStore changing(*results_, [&](auto call, const auto&, auto) {
    if (call != objectstore::StoreCall::Get) return std::optional<objectstore::Failure>();
    cancel.request_stop();
    return std::optional(objectstore::Failure{.kind = ErrorKind::Conflict});
  });
  results_for_learner_ = &changing;
  EXPECT_EQ(run(1, cancel), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
  EXPECT_EQ(changing.calls(objectstore::StoreCall::Get), 1u);
}

TEST_F(LearnerTest, TheServerMayBeAwayFromTheStartToTheEnd) {
  set_command("echo some output");
  server_.with([](State& s) { s.away = true; });
  std::jthread operator_([&] {
    server_.wait_until([](const State& s) { return s.calls > 5; });
    server_.with([](State& s) { s.away = false; });
    server_.wait_until([](const State& s) { return !s.items.empty(); });
    server_.with([](State& s) { s.away = true; });
    server_.wait_until([calls = server_.with([](State& s) { return s.calls; })](const State& s) {
      return s.calls > calls + 3;
    });
    server_.with([](State& s) { s.away = false; });
  });
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
  EXPECT_EQ(stored("learner-1/training-log.txt"), training_log());
}

TEST_F(LearnerTest, ResultsGoUpWhileTheCommandRuns) {
  assign([](wire::Assignment& a) { a.results_quiet = Milliseconds(1); });
  const fs::path go = dir_.path() / "go";
  server_.with([&](State& s) {
    s.assignment.manifest.command = "echo early > $RESULT_DIR/m; until [ -e " + go.string() +
                                    " ]; do sleep 0.01; done; echo late > $RESULT_DIR/n";
  });
  std::jthread user([&] {
    while (stored("m").empty()) std::this_thread::yield();
    server_.with([](State& s) { EXPECT_FALSE(s.items.empty()); });
    put(go, "");
  });
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
  EXPECT_EQ(stored("m"), "early\n");
  EXPECT_EQ(stored("n"), "late\n");
}

TEST_F(LearnerTest, ResultsThatTheBucketRefusesAreKeptAndNamed) {
  objectstore::FailingStore refusing(*results_, [](auto call, const auto&, auto) {
    return call == objectstore::StoreCall::Put
               ? std::optional(objectstore::Failure{.kind = ErrorKind::Forbidden})
               : std::nullopt;
  });
  results_for_learner_ = &refusing;
  set_command("echo model > $RESULT_DIR/m");
  run();
  const auto finish = server_.finish();
  EXPECT_EQ(finish.outcome, RunState::Error);
  EXPECT_TRUE(fs::exists(work_ / "logs/training-log.txt"));
  EXPECT_EQ(finish.verdict->kind, "results_not_stored");
  const fs::path kept = work_ / "mnt/results/mnist-results";
  EXPECT_THAT(finish.verdict->message, HasSubstr(kept.string()));
  EXPECT_EQ(read_file(kept / (kTestRun + "/m")), "model\n");
  EXPECT_THAT(training_log(), HasSubstr(kept.string()));
}

TEST_F(LearnerTest, ACanceledRunStaysCanceledWhenItsResultsCannotBeStored) {
  objectstore::FailingStore away(*results_, [](auto, const auto&, auto) {
    return objectstore::Failure{.kind = ErrorKind::Unavailable};
  });
  results_for_learner_ = &away;
  assign([](wire::Assignment& a) { a.cancel_requested = true; });
  run();
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
  EXPECT_EQ(server_.finish().verdict->kind, "results_not_stored");
}

TEST_F(LearnerTest, OnlyOneWorksInADirectory) {
  const auto lock = LockFile::try_acquire(work_ / "lock");
  EXPECT_EQ(run(), LearnerEnd::Busy);
  server_.with([](State& s) { EXPECT_EQ(s.calls, 0u); });
}

TEST_F(LearnerTest, ARunThatIsGoneOrAnothersIsLeftAlone) {
  assign([](wire::Assignment& a) { a.attempt = 2; });
  EXPECT_EQ(run(1), LearnerEnd::Superseded);
  server_.with([](State& s) { s.gone = true; });
  EXPECT_EQ(run(2), LearnerEnd::Superseded);
  EXPECT_TRUE(server_.events().empty());
}

TEST_F(LearnerTest, ARunThatIsTakenAwayEndsItsCommandAndStoresNothing) {
  set_command("echo x > $RESULT_DIR/x; sleep 1000");
  server_.with([](State& s) { s.superseded = true; });
  EXPECT_EQ(run(), LearnerEnd::Superseded);
  EXPECT_TRUE(content(*results_).empty());
  EXPECT_TRUE(descendants().empty());
}

// ---- after a learner that was killed ------------------------------------------------------------

class RecoveringLearnerTest : public LearnerTest {
 protected:
  // What a learner leaves that is killed while the command runs.
  void leave_cut_off_run() {
    make_private_dir(work_ / ("mnt/results/mnist-results/" + kTestRun));
    make_private_dir(work_ / "logs");
    put(work_ / ("mnt/results/mnist-results/" + kTestRun + "/part"), "part");
    put(work_ / "logs/training-log.txt", "epoch 1\nepoch 2\n");
    put(work_ / "execute-began", "");
    server_.with([](State& s) { s.logs["training-log.txt"] = "epoch 1\nep"; });
    assign([](wire::Assignment& a) {
      a.attempt = 2;
      a.slots = {};
      a.recover = true;
    });
    set_untouchable_command();
  }
  void set_untouchable_command() {
    assign([&](wire::Assignment& a) {
      a.manifest.command = "touch " + (dir_.path() / "started-again").string();
    });
  }
  void TearDown() override { EXPECT_FALSE(fs::exists(dir_.path() / "started-again")); }
};

TEST_F(RecoveringLearnerTest, StoresWhatACutOffRunLeft) {
  leave_cut_off_run();
  EXPECT_EQ(run(2), LearnerEnd::Reported);
  const auto finish = server_.finish();
  EXPECT_EQ(finish.attempt, 2u);
  EXPECT_EQ(finish.outcome, RunState::Error);
  EXPECT_EQ(finish.verdict->kind, "learner_lost");
  EXPECT_THAT(finish.verdict->last_lines, ElementsAre("epoch 1", "epoch 2"));
  EXPECT_EQ(stored("part"), "part");
  EXPECT_THAT(training_log(), HasSubstr("epoch 1\nepoch 2\nThe process that watched"));
  EXPECT_EQ(stored("learner-1/training-log.txt"), training_log());
}

TEST_F(RecoveringLearnerTest, AStartedCommandIsNotStartedAgainThoughTheServerNeverHeardOfIt) {
  leave_cut_off_run();
  assign([](wire::Assignment& a) {
    a.recover = false;
    a.slots = {"cpu-0"};
  });
  EXPECT_EQ(run(2), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().verdict->kind, "learner_lost");
}

TEST_F(RecoveringLearnerTest, ACanceledRunEndsCanceled) {
  leave_cut_off_run();
  assign([](wire::Assignment& a) { a.cancel_requested = true; });
  run(2);
  EXPECT_EQ(server_.finish().outcome, RunState::Canceled);
  EXPECT_EQ(stored("part"), "part");
}

TEST_F(RecoveringLearnerTest, TheOutcomeThatWasKnownStays) {
  // The first learner dies while it stores: here, by a store that supersedes it.
  set_command("echo model > $RESULT_DIR/m; exit 4");
  objectstore::FailingStore dying(*results_, [&](auto call, const auto& key, auto) {
    if (call == objectstore::StoreCall::List && key.starts_with("training-")) {
      server_.with([](State& s) { s.superseded = true; });
      return std::optional(objectstore::Failure{.kind = ErrorKind::Unavailable});
    }
    return std::optional<objectstore::Failure>();
  });
  results_for_learner_ = &dying;
  EXPECT_EQ(run(1), LearnerEnd::Superseded);
  results_for_learner_ = results_.get();
  server_.with([](State& s) {
    s.superseded = false;
    s.items.clear();
  });
  assign([](wire::Assignment& a) {
    a.attempt = 2;
    a.recover = true;
  });
  set_untouchable_command();
  EXPECT_EQ(run(2), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().attempt, 2u);
  EXPECT_EQ(server_.finish().verdict->exit_code, 4);
  EXPECT_EQ(stored("m"), "model\n");
}

TEST_F(RecoveringLearnerTest, KnowsWhichCheckpointsTheLostLearnerHadLoaded) {
  leave_cut_off_run();
  const Layout layout = layout_of(work_, test_assignment(), Confinement::None);
  make_private_dir(layout.checkpoint_dir());
  put(layout.checkpoint_dir() / "loaded", "v1");
  save_checkpoint_record(layout, objectstore::look_at_files(layout.checkpoint_dir(), {}));
  put(layout.checkpoint_dir() / "made", "new");
  fill(*results_, {{"_wml_checkpoints/loaded", "v2"}});
  run(2);
  EXPECT_EQ(content(*results_)["_wml_checkpoints/loaded"], "v2");
  EXPECT_EQ(content(*results_)["_wml_checkpoints/made"], "new");
}

TEST_F(RecoveringLearnerTest, EndsWhatTheLostCommandLeftRunning) {
  leave_cut_off_run();
  Process stray =
      Process::spawn({.argv = {"/bin/sleep", "1000"}, .env = {{"TRAINING_ID", kTestRun}}});
  run(2);
  EXPECT_EQ(stray.wait().signal, SIGKILL);
}

TEST_F(RecoveringLearnerTest, AnAttemptThatDiedBeforeTheCommandIsRepeatedAfresh) {
  make_private_dir(work_ / "job/model-code");
  put(work_ / "job/model-code/half", "an");
  assign([](wire::Assignment& a) { a.attempt = 2; });
  assign([](wire::Assignment& a) { a.manifest.command = "ls; exit 0"; });
  EXPECT_EQ(run(2), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
  EXPECT_THAT(training_log(), AllOf(HasSubstr("train.sh"), Not(HasSubstr("half"))));
}

// ---- in a sandbox -------------------------------------------------------------------------------

class SandboxedLearnerTest : public LearnerTest {
 protected:
  void SetUp() override {
    LearnerTest::SetUp();
    SystemProcessRunner runner;
    const auto support = sandbox::probe_bubblewrap(runner);
    if (!support.works) GTEST_SKIP() << support.reason;
    sandboxed_ = true;
    if (::geteuid() == 0) user_ = sandbox::User{65534, 65534};
  }
};

TEST_F(SandboxedLearnerTest, RunsACommandFromTheZipToTheBucket) {
  fill(*results_, {{"_wml_checkpoints/c", "old"}});
  set_command(
      "./train.sh ${DATA_DIR}/y; cat $DATA_DIR/train/x; cat $CHECKPOINT_DIR/c; "
      "echo new > $CHECKPOINT_DIR/c; mkdir -m 700 $RESULT_DIR/sub; echo m > $RESULT_DIR/sub/m; "
      "echo own > $MODEL_DIR/file");
  EXPECT_EQ(run(), LearnerEnd::Reported);
  EXPECT_EQ(server_.finish().outcome, RunState::Completed) << training_log();
  EXPECT_THAT(training_log(),
              HasSubstr("training with /mnt/data/mnist-data/y\nthe dataold\nTraining process"));
  EXPECT_THAT(training_log(), HasSubstr("  DATA_DIR: /mnt/data/mnist-data\n"));
  EXPECT_EQ(stored("sub/m"), "m\n");
  EXPECT_EQ(content(*results_)["_wml_checkpoints/c"], "new\n");
}

TEST_F(SandboxedLearnerTest, ACommandThatWritesIntoItsDataChangesNothingForTheNext) {
  set_command(
      "for f in $DATA_DIR/y $DATA_DIR/train/x; do echo spoilt >>$f; chmod u+w $f; rm -f $f; done; "
      "mount -o remount,rw $DATA_DIR; touch $DATA_DIR/new; exit 0");
  run();
  EXPECT_EQ(server_.finish().outcome, RunState::Completed);
  remove_tree(work_);
  make_private_dir(work_);
  server_.with([](State& s) { s = State{}; });
  set_command("cat $DATA_DIR/y $DATA_DIR/train/x; ls $DATA_DIR");
  run();
  EXPECT_THAT(training_log(), HasSubstr("\nmorethe datatrain\ny\nTraining process finished"));
}

TEST_F(SandboxedLearnerTest, TheCommandCannotReachTheServicesFiles) {
  set_command("ls " + dir_.path().string() + " | wc -l; ls /root; id -u");
  run();
  EXPECT_THAT(training_log(),
              AllOf(HasSubstr("No such file or directory\n0\n"), Not(HasSubstr("runs"))));
  if (user_) {
    EXPECT_THAT(training_log(), HasSubstr("\n65534\n"));
  }
}

}  // namespace
}  // namespace trainyard::learner
