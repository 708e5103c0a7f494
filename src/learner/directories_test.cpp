#include "learner/directories.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/ordinary_user_testing.hpp"
#include "learner/test_assignment.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

class DirectoriesTest : public ::testing::Test {
 protected:
  TempDir dir_;
  Layout layout_ = layout_of(dir_.path(), test_assignment(), Confinement::Sandbox);
};

TEST_F(DirectoriesTest, AFreshAttemptFindsThemEmptyAndTheLogsKept) {
  make_private_dir(dir_.path() / "logs");
  put(layout_.log_file(kTrainingLog), "kept");
  prepare_directories(layout_, std::nullopt, false);
  put(layout_.result_dir() / "old", "x");
  prepare_directories(layout_, std::nullopt, false);
  for (const auto& path : {layout_.model_dir(), layout_.log_dir(), layout_.data_dir(),
                           layout_.result_dir(), layout_.checkpoint_dir(), layout_.tmp()}) {
    EXPECT_TRUE(fs::is_directory(path) && fs::is_empty(path)) << path;
  }
  EXPECT_EQ(read_file(layout_.log_file(kTrainingLog)), "kept");
}

TEST_F(DirectoriesTest, BelongToTheCommandsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  prepare_directories(layout_, sandbox::User{65534, 65533}, true);
  for (const auto& path : {layout_.model_dir(), layout_.result_dir(), layout_.home()}) {
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 65534u) << path;
    EXPECT_EQ(info.st_gid, 65533u) << path;
  }
}

TEST_F(DirectoriesTest, ALinkInTheWayIsNotOurs) {
  prepare_directories(layout_, std::nullopt, false);
  EXPECT_TRUE(open_own_directory(layout_, layout_.log_dir(), objectstore::Locked::Leave));
  fs::remove(layout_.log_dir());
  EXPECT_FALSE(open_own_directory(layout_, layout_.log_dir(), objectstore::Locked::Leave));
  fs::create_directory_symlink("/etc", layout_.log_dir());
  EXPECT_FALSE(open_own_directory(layout_, layout_.log_dir(), objectstore::Locked::Leave));
  remove_tree(layout_.job_dir());
  fs::create_directory_symlink("/var", layout_.job_dir());
  EXPECT_FALSE(open_own_directory(layout_, layout_.log_dir(), objectstore::Locked::Leave));
}

TEST_F(DirectoriesTest, ResultsAreUnsavedUntilTheyAreReleased) {
  EXPECT_FALSE(has_unsaved_results(dir_.path()));
  prepare_directories(layout_, std::nullopt, false);
  EXPECT_FALSE(has_unsaved_results(dir_.path()));
  make_private_dir(layout_.result_dir() / "deep");
  put(layout_.result_dir() / "deep/model", "x");
  EXPECT_TRUE(has_unsaved_results(dir_.path()));
  fs::remove(layout_.result_dir() / "deep/model");
  EXPECT_FALSE(has_unsaved_results(dir_.path()));
  put(layout_.log_dir() / "history.csv", "x");
  EXPECT_TRUE(has_unsaved_results(dir_.path()));
  release_directories(layout_);
  EXPECT_FALSE(has_unsaved_results(dir_.path()));
}

TEST_F(DirectoriesTest, WhatCannotBeLookedIntoMayHoldResults) {
  fs::permissions(dir_.path(), fs::perms::all);
  const OrdinaryUser user;
  prepare_directories(layout_, std::nullopt, false);
  make_private_dir(layout_.result_dir() / "deep");
  put(layout_.result_dir() / "deep/model", "x");
  ::chmod((layout_.result_dir() / "deep").c_str(), 0);
  EXPECT_TRUE(has_unsaved_results(dir_.path()));
}

TEST_F(DirectoriesTest, ReleasingThemKeepsTheLogs) {
  prepare_directories(layout_, std::nullopt, false);
  make_private_dir(dir_.path() / "logs");
  release_directories(layout_);
  EXPECT_FALSE(fs::exists(layout_.job_dir()));
  EXPECT_FALSE(fs::exists(layout_.result_dir()));
  EXPECT_TRUE(fs::exists(dir_.path() / "logs"));
}

}  // namespace
}  // namespace trainyard::learner
