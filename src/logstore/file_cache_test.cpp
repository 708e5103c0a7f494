#include "logstore/file_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.hpp"

namespace trainyard::logstore {
namespace {

class FileCacheTest : public testing::Test {
 protected:
  fs::path path(const char* name) { return dir_.path() / "run" / name; }

  TempDir dir_;
  FileCache cache_{2};
};

TEST_F(FileCacheTest, AMissingFileIsNone) { EXPECT_FALSE(cache_.open(path("a"))); }

TEST_F(FileCacheTest, AFileIsMadePrivateAndOpenedOnce) {
  const auto file = cache_.open_or_create(path("a"));
  EXPECT_EQ(cache_.open(path("a")), file);
  EXPECT_EQ(cache_.open_or_create(path("a")), file);
  struct stat info;
  ASSERT_EQ(::stat(path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FileCacheTest, TheFileUsedLongestAgoLeaves) {
  const std::weak_ptr<const Fd> a = cache_.open_or_create(path("a"));
  const std::weak_ptr<const Fd> b = cache_.open_or_create(path("b"));
  cache_.open(path("a"));
  cache_.open_or_create(path("c"));
  EXPECT_FALSE(a.expired());
  EXPECT_TRUE(b.expired());
}

TEST_F(FileCacheTest, AHeldFileOutlivesItsPlace) {
  const auto a = cache_.open_or_create(path("a"));
  cache_.drop_below(path("a").parent_path());
  EXPECT_NO_THROW(write_all(*a, "x"));
  EXPECT_NE(cache_.open(path("a")), a);
}

}  // namespace
}  // namespace trainyard::logstore
