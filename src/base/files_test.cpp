#include "base/files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/mode_testing.hpp"

namespace trainyard {
namespace {

using testing::HasSubstr;

template <typename Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::Internal, "");
}

std::size_t entries(const fs::path& path) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

TEST(TempDir, IsPrivateAndGoesWithItsContents) {
  fs::path path;
  {
    const TempDir dir("prefix-");
    path = dir.path();
    EXPECT_EQ(mode_of(path), 0700u);
    EXPECT_TRUE(path.filename().native().starts_with("prefix-"));
    write_file_atomic(path / "x", "1");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TempDir, LiesBelowTheGivenParent) {
  const TempDir parent;
  const TempDir dir("x-", parent.path());
  EXPECT_EQ(dir.path().parent_path(), parent.path());
  EXPECT_EQ(error_of([&] { TempDir("x-", parent.path() / "none"); }).kind(), ErrorKind::NotFound);
}

TEST(TempDir, StaysWhenReleasedOrMovedFrom) {
  const TempDir parent;
  fs::path kept;
  {
    TempDir first("x-", parent.path());
    TempDir second = std::move(first);
    kept = second.release();
  }
  EXPECT_TRUE(fs::exists(kept));
}

TEST(ReadFile, GivesTheBytes) {
  const TempDir dir;
  const std::string bytes = std::string("a\0\n", 3) + std::string(200'000, 'b');
  write_file_atomic(dir.path() / "x", bytes);
  EXPECT_EQ(read_file(dir.path() / "x"), bytes);
  EXPECT_FALSE(read_file("/proc/self/stat").empty());  // whose size is said to be 0
}

TEST(ReadFile, RefusesMoreThanTheLimit) {
  const TempDir dir;
  write_file_atomic(dir.path() / "x", "12345");
  EXPECT_EQ(read_file(dir.path() / "x", 5), "12345");
  const Error e = error_of([&] { read_file(dir.path() / "x", 4); });
  EXPECT_EQ(e.kind(), ErrorKind::TooLarge);
  EXPECT_THAT(e.what(), HasSubstr((dir.path() / "x").native()));
}

TEST(ReadFile, ErrorsNameThePath) {
  const Error missing = error_of([] { read_file("/no/such/file"); });
  EXPECT_EQ(missing.kind(), ErrorKind::NotFound);
  EXPECT_THAT(missing.what(), HasSubstr("/no/such/file"));
  EXPECT_THAT(error_of([] { read_file("/proc"); }).what(), HasSubstr("/proc"));
}

TEST(WriteFileAtomic, ReplacesTheFileAndLeavesNothingBeside) {
  const TempDir dir;
  const fs::path path = dir.path() / "x";
  write_file_atomic(path, "first", 0644);
  write_file_atomic(path, "second");
  EXPECT_EQ(read_file(path), "second");
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteFileAtomic, HasExactlyTheModeWhateverTheUmask) {
  const TempDir dir;
  const Umask mask(077);
  write_file_atomic(dir.path() / "x", "", 0644);
  EXPECT_EQ(mode_of(dir.path() / "x"), 0644u);
  write_file_atomic(dir.path() / "y", "secret", 0400);
  EXPECT_EQ(mode_of(dir.path() / "y"), 0400u);
}

TEST(WriteFileAtomic, TakesTheLongestNames) {
  const TempDir dir;
  const fs::path path = dir.path() / std::string(255, 'n');
  write_file_atomic(path, "x");
  EXPECT_EQ(read_file(path), "x");
}

TEST(WriteFileAtomic, FailureLeavesTheOldStateAndNoTemporaryFile) {
  const TempDir dir;
  const fs::path path = dir.path() / "x";
  fs::create_directories(path / "in the way");
  EXPECT_THAT(error_of([&] { write_file_atomic(path, "new"); }).what(), HasSubstr(path.native()));
  EXPECT_TRUE(fs::is_directory(path / "in the way"));
  EXPECT_EQ(entries(dir.path()), 1u);
  EXPECT_EQ(error_of([&] { write_file_atomic(dir.path() / "none" / "x", ""); }).kind(),
            ErrorKind::NotFound);
}

TEST(WriteFileAtomic, ReplacesALinkAndNotItsTarget) {
  const TempDir dir;
  write_file_atomic(dir.path() / "target", "old");
  fs::create_symlink("target", dir.path() / "link");
  write_file_atomic(dir.path() / "link", "new");
  EXPECT_EQ(read_file(dir.path() / "target"), "old");
  EXPECT_EQ(read_file(dir.path() / "link"), "new");
}

TEST(MakePrivateDir, MakesWhatIsMissingWithMode0700) {
  const TempDir dir;
  const Umask mask(0);
  fs::create_directory(dir.path() / "a");
  fs::permissions(dir.path() / "a", fs::perms(0755));
  make_private_dir(dir.path() / "a" / "b" / "c");
  EXPECT_EQ(mode_of(dir.path() / "a"), 0755u);
  EXPECT_EQ(mode_of(dir.path() / "a" / "b"), 0700u);
  EXPECT_EQ(mode_of(dir.path() / "a" / "b" / "c"), 0700u);
  make_private_dir(dir.path() / "a" / "b" / "c" / "");
}

TEST(MakePrivateDir, RefusesAFileInTheWay) {
  const TempDir dir;
  write_file_atomic(dir.path() / "file", "");
  EXPECT_THROW(make_private_dir(dir.path() / "file"), Error);
  EXPECT_THROW(make_private_dir(dir.path() / "file" / "below"), Error);
  EXPECT_THROW(make_private_dir(""), Error);
}

TEST(OpenFile, CutsLongPathsInErrors) {
  const Error error = error_of([] { open_file("/no/" + std::string(5000, 'x'), O_RDONLY); });
  EXPECT_LT(std::string(error.what()).size(), 500u);
}

TEST(FreeBytes, SaysSomethingOrNamesThePath) {
  EXPECT_GT(free_bytes("/"), 0u);
  EXPECT_EQ(error_of([] { free_bytes("/no/such/path"); }).kind(), ErrorKind::NotFound);
  EXPECT_GT(free_inodes("/"), 0u);
  EXPECT_EQ(free_inodes("/proc"), UINT64_MAX);  // it knows no such limit
  EXPECT_EQ(spare_bytes("/", 1000, 2), 1000u);
  EXPECT_EQ(spare_bytes("/", UINT64_MAX, 4), fs::space("/").capacity / 4);
}

}  // namespace
}  // namespace trainyard
