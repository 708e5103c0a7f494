#include "base/lock_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard {
namespace {

class LockFileTest : public testing::Test {
 protected:
  TempDir dir_;
  fs::path path_ = dir_.path() / "lock";
};

TEST_F(LockFileTest, OneHolderAtATimeAndTheFileSaysWho) {
  auto first = LockFile::try_acquire(path_, "attempt 2");
  ASSERT_TRUE(first);
  EXPECT_FALSE(LockFile::try_acquire(path_, "attempt 3"));
  const auto holder = LockFile::last_holder(path_);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->process, ProcessIdentity::of(::getpid()));
  EXPECT_TRUE(holder->process.alive());
  EXPECT_EQ(holder->note, "attempt 2");
}

TEST_F(LockFileTest, TheNextHolderReplacesALongerName) {
  LockFile::try_acquire(path_, "a long note of the first holder");
  ASSERT_TRUE(LockFile::try_acquire(path_, "b"));
  EXPECT_EQ(LockFile::last_holder(path_)->note, "b");
  EXPECT_EQ(read_file(path_), ProcessIdentity::of(::getpid())->to_string() + "\nb\n");
}

TEST_F(LockFileTest, AChildDoesNotKeepTheLock) {
  auto lock = LockFile::try_acquire(path_);
  Pipe pipe = make_pipe();
  auto child = Process::spawn({.argv = {"cat"},
                               .env = current_environment(),
                               .cwd = {},
                               .stdin_fd = pipe.read.get(),
                               .extra_fds = {}});
  lock.reset();
  EXPECT_TRUE(LockFile::try_acquire(path_));
  pipe.write.reset();
  EXPECT_TRUE(child.wait().ok());
}

TEST_F(LockFileTest, NobodyHeldItYet) {
  EXPECT_FALSE(LockFile::last_holder(path_));
  write_file_atomic(path_, "");
  EXPECT_FALSE(LockFile::last_holder(path_));
  write_file_atomic(path_, "0b1c:17:99");  // the line is still being written
  EXPECT_FALSE(LockFile::last_holder(path_));
  write_file_atomic(path_, "not an identity\nx\n");
  EXPECT_FALSE(LockFile::last_holder(path_));
}

TEST_F(LockFileTest, AMissingDirectoryIsAnErrorThatNamesThePath) {
  try {
    LockFile::try_acquire(dir_.path() / "none" / "lock");
    FAIL() << "the directory does not exist";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_NE(std::string(e.what()).find("none/lock"), std::string::npos) << e.what();
  }
}

TEST_F(LockFileTest, OnlyTheOwnerMayReadIt) {
  const auto lock = LockFile::try_acquire(path_);
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace trainyard
