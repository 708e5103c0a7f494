#include "logstore/log_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "base/error_testing.hpp"
#include "base/files.hpp"

namespace trainyard::logstore {
namespace {

using model::RunId;

RunId run(char last) { return RunId::parse(std::string("training-DOl4q2Lk") + last).value(); }

class LogStoreTest : public testing::Test {
 protected:
  std::string all(const RunId& id, Stream stream = Stream::Training) {
    return store_->read(id, stream, 0, 1 << 20);
  }
  TempDir dir_;
  fs::path path_ = dir_.path() / "logs";
  std::unique_ptr<LogStore> store_ = open_log_store(path_);
  const RunId id_ = run('R');
};

TEST(LogStream, NamesReadBack) {
  for (const Stream stream : {Stream::Training, Stream::LoadData, Stream::LoadModel}) {
    EXPECT_EQ(parse_stream(file_name(stream)), stream);
  }
  EXPECT_EQ(file_name(Stream::Training), "training-log.txt");
  EXPECT_FALSE(parse_stream("../training-log.txt"));
}

TEST_F(LogStoreTest, WhatIsNotThereIsEmpty) {
  EXPECT_EQ(store_->size(id_, Stream::Training), 0u);
  EXPECT_EQ(all(id_), "");
  EXPECT_EQ(store_->offset_of_last_lines(id_, Stream::Training, 3), 0u);
  EXPECT_FALSE(store_->sealed(id_));
  EXPECT_NO_THROW(store_->remove(id_));
}

TEST_F(LogStoreTest, StreamsAndRunsAreApart) {
  EXPECT_EQ(store_->append(id_, Stream::Training, 0, "training"), 8u);
  EXPECT_EQ(store_->append(id_, Stream::LoadData, 0, "data"), 4u);
  EXPECT_EQ(store_->append(run('S'), Stream::Training, 0, "other"), 5u);
  EXPECT_EQ(all(id_), "training");
  EXPECT_EQ(all(id_, Stream::LoadData), "data");
  EXPECT_EQ(all(id_, Stream::LoadModel), "");
  EXPECT_EQ(all(run('S')), "other");
  EXPECT_EQ(read_file(path_ / id_.str() / "training-log.txt"), "training");
}

// What was appended last is not read from the file: the file says the same at every step.
TEST_F(LogStoreTest, EveryPartReadsAsTheFileHasIt) {
  const auto check = [&](std::string_view step) {
    for (const Stream stream : {Stream::Training, Stream::Metrics}) {
      const fs::path file = path_ / id_.str() / file_name(stream);
      const std::string whole = fs::exists(file) ? read_file(file) : "";
      for (std::size_t offset = 0; offset <= whole.size() + 2; ++offset) {
        const auto expected = offset < whole.size() ? whole.substr(offset, 4) : "";
        EXPECT_EQ(store_->read(id_, stream, offset, 4), expected) << step << " at " << offset;
      }
    }
  };
  store_->append(id_, Stream::Training, 0, "first\n");
  check("one stream");
  store_->append(id_, Stream::Training, 3, "st\nsecond\n");
  check("overlap");
  store_->append(id_, Stream::Metrics, 0, "metric\n");
  check("another stream");
  for (char other : {'A', 'B', 'C'}) store_->append(run(other), Stream::Training, 0, "x");
  check("other runs");
  store_->append(id_, Stream::Training, 13, "third\n");
  EXPECT_FALSE(store_->sealed(id_));
  store_->seal(id_);
  EXPECT_TRUE(store_->sealed(id_));
  check("sealed");
  store_->remove(id_);
  EXPECT_FALSE(store_->sealed(id_));
  check("removed");
  store_->append(id_, Stream::Training, 0, "again\n");
  check("begun again");
}

TEST_F(LogStoreTest, SentTwiceIsKeptOnce) {
  EXPECT_EQ(store_->append(id_, Stream::Training, 0, "abcdef"), 6u);
  EXPECT_EQ(store_->append(id_, Stream::Training, 0, "abcdef"), 6u);
  EXPECT_EQ(store_->append(id_, Stream::Training, 2, "cd"), 6u);
  EXPECT_EQ(store_->append(id_, Stream::Training, 4, "efgh"), 8u);
  EXPECT_EQ(store_->append(id_, Stream::Training, 8, ""), 8u);
  EXPECT_EQ(all(id_), "abcdefgh");
}

TEST_F(LogStoreTest, AGapIsAConflictAndChangesNothing) {
  store_->append(id_, Stream::Training, 0, "abc");
  EXPECT_EQ(kind_of([&] { store_->append(id_, Stream::Training, 4, "e"); }), ErrorKind::Conflict);
  EXPECT_EQ(kind_of([&] { store_->append(run('S'), Stream::Training, 1, "e"); }),
            ErrorKind::Conflict);
  EXPECT_EQ(all(id_), "abc");
  EXPECT_FALSE(fs::exists(path_ / run('S').str()));
}

TEST_F(LogStoreTest, ReadsAreBoundedByOffsetAndMost) {
  store_->append(id_, Stream::Training, 0, "abcdef");
  EXPECT_EQ(store_->read(id_, Stream::Training, 2, 3), "cde");
  EXPECT_EQ(store_->read(id_, Stream::Training, 4, 100), "ef");
  EXPECT_EQ(store_->read(id_, Stream::Training, 6, 100), "");
  EXPECT_EQ(store_->read(id_, Stream::Training, ~std::uint64_t{0}, 100), "");
  EXPECT_EQ(store_->read(id_, Stream::Training, 0, 0), "");
}

TEST_F(LogStoreTest, TellsWhereBytesStand) {
  EXPECT_EQ(store_->locate(id_, Stream::Training, 0, 10).file, nullptr);
  store_->append(id_, Stream::Training, 0, "one two");
  const auto extent = store_->locate(id_, Stream::Training, 4, 10);
  EXPECT_EQ(extent.length, 3u);
  EXPECT_EQ(store_->locate(id_, Stream::Training, 1, 2).length, 2u);
  EXPECT_EQ(store_->locate(id_, Stream::Training, 7, 10).file, nullptr);
  store_->remove(id_);
  char bytes[3];
  ASSERT_EQ(pread(extent.file->get(), bytes, sizeof bytes, 4), 3);
  EXPECT_EQ(std::string_view(bytes, 3), "two");
}

TEST_F(LogStoreTest, TheLastLinesAreFound) {
  store_->append(id_, Stream::Training, 0, "one\ntwo\nthree\n");
  EXPECT_EQ(store_->offset_of_last_lines(id_, Stream::Training, 2), 4u);
  EXPECT_EQ(store_->offset_of_last_lines(id_, Stream::Training, 0), 14u);
  EXPECT_EQ(store_->offset_of_last_lines(id_, Stream::Training, 9), 0u);
}

TEST_F(LogStoreTest, EverythingIsThereAfterOpeningAgain) {
  store_->append(id_, Stream::Training, 0, "abc");
  store_->seal(id_);
  store_ = open_log_store(path_);
  EXPECT_TRUE(store_->sealed(id_));
  EXPECT_EQ(store_->size(id_, Stream::Training), 3u);
  EXPECT_EQ(store_->append(run('S'), Stream::Training, 0, "x"), 1u);
  EXPECT_FALSE(store_->sealed(run('S')));
}

TEST_F(LogStoreTest, ASealedLogTakesRepetitionsAndNothingNew) {
  store_->append(id_, Stream::Training, 0, "abc");
  store_->seal(id_);
  store_->seal(id_);
  EXPECT_EQ(store_->append(id_, Stream::Training, 1, "bc"), 3u);
  EXPECT_EQ(kind_of([&] { store_->append(id_, Stream::Training, 1, "bcd"); }),
            ErrorKind::Forbidden);
  EXPECT_EQ(kind_of([&] { store_->append(id_, Stream::LoadData, 0, "x"); }), ErrorKind::Forbidden);
  EXPECT_EQ(all(id_), "abc");
}

TEST_F(LogStoreTest, ARunWithoutALogCanBeSealed) {
  store_->seal(id_);
  EXPECT_TRUE(store_->sealed(id_));
}

TEST_F(LogStoreTest, RemoveTakesTheLogAndItsSeal) {
  store_->append(id_, Stream::Training, 0, "abc");
  store_->append(run('S'), Stream::Training, 0, "other");
  store_->seal(id_);
  store_->remove(id_);
  EXPECT_FALSE(fs::exists(path_ / id_.str()));
  EXPECT_FALSE(store_->sealed(id_));
  EXPECT_EQ(store_->append(id_, Stream::Training, 0, "new"), 3u);
  EXPECT_EQ(all(id_), "new");
  EXPECT_EQ(all(run('S')), "other");
}

TEST_F(LogStoreTest, WhoFollowsARunThatIsRemovedFindsItsEnd) {
  int woken = 0;
  auto follower = store_->subscribe(id_, [&] { ++woken; });
  EXPECT_FALSE(store_->sealed(id_));
  store_->remove(id_);
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(store_->sealed(id_));
  EXPECT_FALSE(store_->sealed(run('S')));
  follower.reset();
  EXPECT_FALSE(store_->sealed(id_));
}

TEST_F(LogStoreTest, FilesArePrivate) {
  store_->append(id_, Stream::Training, 0, "abc");
  store_->seal(id_);
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
    struct stat info;
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, entry.is_directory() ? 0700u : 0600u) << entry.path();
  }
}

TEST_F(LogStoreTest, ManyRunsKeepFewFilesOpen) {
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = open_files();
  std::vector<RunId> runs;
  for (int i = 0; i < 600; ++i) {
    runs.push_back(RunId::generate());
    store_->append(runs.back(), Stream::Training, 0, runs.back().str());
  }
  EXPECT_LE(open_files() - before, 256);
  for (const RunId& one : runs) EXPECT_EQ(all(one), one.str());
}

// ---- subscriptions
// -------------------------------------------------------------------------------

TEST_F(LogStoreTest, FollowersWakeOnNewBytesSealAndRemoveOfTheirRun) {
  int wakes = 0;
  auto subscription = store_->subscribe(id_, [&] { ++wakes; });
  store_->append(id_, Stream::Training, 0, "abc");
  EXPECT_EQ(wakes, 1);
  store_->append(id_, Stream::Training, 0, "abc");
  store_->append(run('S'), Stream::Training, 0, "abc");
  EXPECT_EQ(wakes, 1) << "nothing new for this run";
  store_->seal(id_);
  EXPECT_EQ(wakes, 2);
  store_->remove(id_);
  EXPECT_EQ(wakes, 3);
  subscription.reset();
  store_->append(id_, Stream::Training, 0, "abc");
  EXPECT_EQ(wakes, 3);
}

TEST_F(LogStoreTest, AWakeMaySeeTheBytesAndEndItsOwnSubscription) {
  std::string seen;
  LogStore::Subscription subscription;
  subscription = store_->subscribe(id_, [&] {
    seen = all(id_);
    subscription.reset();
  });
  int others = 0;
  const auto other = store_->subscribe(id_, [&] { ++others; });
  store_->append(id_, Stream::Training, 0, "abc");
  store_->append(id_, Stream::Training, 3, "def");
  EXPECT_EQ(seen, "abc");
  EXPECT_EQ(others, 2);
}

TEST_F(LogStoreTest, ASubscriptionMayOutliveTheStore) {
  auto subscription = store_->subscribe(id_, [] {});
  store_.reset();
  EXPECT_NO_THROW(subscription.reset());
}

}  // namespace
}  // namespace trainyard::logstore
