#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard {
namespace {

TEST(RemoveTree, RemovesFilesDirectoriesAndSpecialFiles) {
  const TempDir dir;
  const fs::path tree = dir.path() / "tree";
  fs::create_directories(tree / "a" / "b");
  write_file_atomic(tree / "a" / "b" / "file", "x");
  write_file_atomic(tree / "name with \n and \xff", "x");
  ASSERT_EQ(::mkfifo((tree / "fifo").c_str(), 0600), 0);
  remove_tree(tree);
  EXPECT_FALSE(fs::exists(tree));
}

TEST(RemoveTree, MissingPathIsFine) {
  const TempDir dir;
  remove_tree(dir.path() / "none");
  write_file_atomic(dir.path() / "file", "x");
  remove_tree(dir.path() / "file" / "below a file");
  EXPECT_TRUE(fs::exists(dir.path() / "file"));
  remove_tree(dir.path() / "file");
  EXPECT_FALSE(fs::exists(dir.path() / "file"));
}

TEST(RemoveTree, DoesNotFollowLinks) {
  const TempDir dir;
  const fs::path outside = dir.path() / "outside";
  fs::create_directories(outside);
  write_file_atomic(outside / "kept", "x");
  const fs::path tree = dir.path() / "tree";
  fs::create_directories(tree / "sub");
  fs::create_directory_symlink(outside, tree / "sub" / "link");
  fs::create_symlink("nowhere", tree / "dangling");
  remove_tree(tree);
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_TRUE(fs::exists(outside / "kept"));
}

TEST(RemoveTree, OfALinkRemovesTheLinkAlone) {
  const TempDir dir;
  fs::create_directories(dir.path() / "target" / "inside");
  fs::create_directory_symlink("target", dir.path() / "link");
  remove_tree(dir.path() / "link" / "");  // a slash at the end would make it the target
  EXPECT_FALSE(fs::is_symlink(dir.path() / "link"));
  EXPECT_TRUE(fs::exists(dir.path() / "target" / "inside"));
}

// Nobody but root passes directories without rights, so root tests it as somebody else.
TEST(RemoveTree, EntersDirectoriesWithoutRights) {
  const TempDir dir;
  const fs::path tree = dir.path() / "tree";
  const pid_t pid = ::fork();
  if (pid == 0) {
    bool done = false;
    if (::geteuid() != 0 || (::chmod(dir.path().c_str(), 0777) == 0 && ::setuid(65534) == 0)) {
      fs::create_directories(tree / "closed" / "read-only" / "below");
      write_file_atomic(tree / "closed" / "read-only" / "file", "x");
      ::chmod((tree / "closed" / "read-only").c_str(), 0500);
      ::chmod((tree / "closed").c_str(), 0);
      ::chmod(tree.c_str(), 0500);
      try {
        remove_tree(tree);
        done = !fs::exists(tree);
      } catch (const std::exception&) {
      }
    }
    ::_exit(done ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

// Deeper than the descriptors of a process, and than PATH_MAX.
TEST(RemoveTree, TakesTreesOfAnyDepth) {
  const TempDir dir;
  const fs::path tree = dir.path() / "tree";
  make_private_dir(tree);
  Fd at = open_file(tree, O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < 3'000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "deeper", 0700), 0);
    const Fd file(::openat(at.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    at = Fd(::openat(at.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
  at.reset();
  remove_tree(tree);
  EXPECT_FALSE(fs::exists(tree));
}

}  // namespace
}  // namespace trainyard
