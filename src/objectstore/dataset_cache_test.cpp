#include "objectstore/dataset_cache.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "base/files.hpp"
#include "base/mode_testing.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::map<std::string, std::string> tree(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_directory()) continue;
    files[entry.path().lexically_relative(directory).string()] = read_file(entry.path());
  }
  return files;
}

// Gives a file of the cache other bytes, behind its back.
void overwrite(const fs::path& file, const std::string& bytes) {
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(file, std::ios::trunc) << bytes;
}

constexpr std::uint64_t kSetOnDisk = 20 * 4096;  // 20 files of 1,000 bytes

class Cache : public testing::Test {
 protected:
  Cache() {
    for (int i = 0; i < 20; ++i)
      put("d/file" + std::to_string(i), std::string(1000, char('a' + i)));
  }

  void put(const std::string& key, const std::string& bytes) {
    upload_bytes(*memory, bytes, key, {});
    expected[key] = bytes;
  }
  std::unique_ptr<DatasetCache> open(std::uint64_t max_bytes = 1u << 30) {
    return open_dataset_cache({.directory = temp.path() / "cache", .max_bytes = max_bytes});
  }
  StageRequest request(DataAccess access = DataAccess::SharedReadOnly) {
    StageRequest r;
    r.access = access;
    r.directory = temp.path() / ("run" + std::to_string(runs++));
    r.transfer.connections = 4;
    r.transfer.free_floor = 0;
    r.transfer.on_log = [this](std::string_view line) { lines.emplace_back(line); };
    return r;
  }

  TempDir temp{"trainyard-", scratch()};
  int runs = 0;
  std::unique_ptr<ObjectStore> memory = make_memory_store({.page_size = 6});
  FailingStore store{*memory, {}};
  std::map<std::string, std::string> expected;
  std::vector<std::string> lines;
};

TEST_F(Cache, ASecondRunOnAnUnchangedBucketTransfersNothing) {
  const auto cache = open();
  {
    const Dataset first = cache->stage(store, request(), {});
    EXPECT_EQ(tree(first.directory()), expected);
    EXPECT_TRUE(first.shared());
    EXPECT_EQ(first.report().transferred_files, 20u);
  }
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
  const auto later = open();
  const unsigned lists = store.calls(StoreCall::List);
  const Dataset second = later->stage(store, request(), {});
  EXPECT_EQ(tree(second.directory()), expected);
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
  EXPECT_EQ(store.calls(StoreCall::List), lists + 4);
  EXPECT_EQ(second.report().transferred_files, 0u);
  EXPECT_EQ(second.report().files, 20u);
  EXPECT_THAT(lines, Contains(HasSubstr("20 files of 20 came from this machine's cache")));
}

TEST_F(Cache, OnlyWhatChangedIsTransferred) {
  const auto cache = open();
  cache->stage(store, request(), {});
  put("d/file3", "new content");
  put("d/another", "one more");
  memory->remove("d/file4", {});
  expected.erase("d/file4");
  const Dataset second = cache->stage(store, request(), {});
  EXPECT_EQ(tree(second.directory()), expected);
  EXPECT_EQ(second.report().transferred_files, 2u);
}

TEST_F(Cache, APrivateCopyIsTheRunsOwn) {
  const auto cache = open();
  {
    const Dataset mine = cache->stage(store, request(DataAccess::PrivateCopy), {});
    EXPECT_FALSE(mine.shared());
    EXPECT_EQ(tree(mine.directory()), expected);
    write_file_atomic(mine.directory() / "d/file1", "scribbled over");
    std::ofstream(mine.directory() / "d/file2", std::ios::app) << "appended";
    fs::remove_all(mine.directory() / "d/file3");
  }
  const Dataset next = cache->stage(store, request(), {});
  EXPECT_EQ(tree(next.directory()), expected);
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
}

TEST_F(Cache, EveryUserCanReadTheTreesWhateverTheUmask) {
  const Umask mask(077);
  const auto cache = open();
  const Dataset shared = cache->stage(store, request(), {});
  EXPECT_EQ(mode_of(shared.directory()), 0755u);
  EXPECT_EQ(mode_of(shared.directory() / "d"), 0755u);
  EXPECT_EQ(mode_of(shared.directory() / "d/file1"), 0444u);
  const Dataset own = cache->stage(store, request(DataAccess::PrivateCopy), {});
  EXPECT_EQ(mode_of(own.directory()), 0755u);
  EXPECT_EQ(mode_of(own.directory() / "d"), 0755u);
  EXPECT_EQ(mode_of(own.directory() / "d/file1"), 0644u);
  EXPECT_EQ(mode_of(temp.path() / "cache"), 0700u);
}

TEST_F(Cache, ADamagedTreeIsPutTogetherAgain) {
  const auto cache = open();
  const auto whole = [&] {
    const Dataset data = cache->stage(store, request(), {});
    return tree(data.directory()) == expected;
  };
  const fs::path root = cache->stage(store, request(), {}).directory();
  overwrite(root / "d/file3", "short");  // the object too: they are one file
  EXPECT_TRUE(whole());
  EXPECT_EQ(store.calls(StoreCall::Get), 21u);
  EXPECT_THAT(lines, Contains(HasSubstr("('d/file3' has 5 bytes instead of 1000)")));
  EXPECT_THAT(lines, Contains(HasSubstr("1 file in this machine's cache had lost bytes")));
  fs::remove(root / "d/file7");
  EXPECT_TRUE(whole());
  EXPECT_THAT(lines, Contains(HasSubstr("('d/file7' is missing)")));
  std::ofstream(root / "d/more") << "not of the bucket";
  EXPECT_TRUE(whole());
  EXPECT_THAT(lines, Contains(HasSubstr("(it has 22 files and directories instead of 21)")));
  EXPECT_EQ(store.calls(StoreCall::Get), 21u);  // what was whole did not come again
  EXPECT_EQ(cache->usage().trees, 1u);
}

TEST_F(Cache, WhoUsesATreeThatIsFoundDamagedKeepsIt) {
  const auto cache = open(kSetOnDisk * 9 / 4);
  auto used = std::make_unique<Dataset>(cache->stage(store, request(), {}));
  const Fd mounted = open_file(used->directory() / "d", O_RDONLY | O_DIRECTORY);
  fs::remove(used->directory() / "d/file7");
  const Dataset next = cache->stage(store, request(), {});
  EXPECT_EQ(tree(next.directory()), expected);
  EXPECT_EQ(cache->usage().trees, 2u);
  EXPECT_EQ(cache->usage().leased_trees, 2u);
  EXPECT_EQ(::faccessat(mounted.get(), "file8", R_OK, 0), 0);
  used.reset();
  EXPECT_EQ(cache->usage().leased_trees, 1u);
}

TEST_F(Cache, ADamagedObjectIsFetchedAgain) {
  const auto cache = open();
  const fs::path root = cache->stage(store, request(), {}).directory();
  overwrite(root / "d/file3", "");
  StageRequest below = request();
  below.prefix = "d/";
  const Dataset data = cache->stage(store, below, {});
  EXPECT_EQ(read_file(data.directory() / "file3"), expected.at("d/file3"));
  EXPECT_EQ(store.calls(StoreCall::Get), 21u);
}

TEST_F(Cache, APrefixHasATreeOfItsOwnAndSharesTheObjects) {
  const auto cache = open();
  cache->stage(store, request(), {});
  StageRequest below = request();
  below.prefix = "d/";
  const Dataset data = cache->stage(store, below, {});
  EXPECT_EQ(tree(data.directory()).at("file7"), expected.at("d/file7"));
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
}

TEST_F(Cache, AHundredAtOnceInTenProcessesCauseOneTransfer) {
  constexpr int kProcesses = 10, kThreads = 10;
  const fs::path count = temp.path() / "fetched", go = temp.path() / "go";
  const auto stage_in_threads = [&] {
    FailingStore counting(*memory, [&](StoreCall call, const std::string&, unsigned) {
      if (call == StoreCall::Get) write_all(open_file(count, O_WRONLY | O_CREAT | O_APPEND), "x");
      return std::optional<Failure>();
    });
    std::atomic<int> right{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          StageRequest wanted;
          wanted.access = DataAccess::SharedReadOnly;
          wanted.transfer.free_floor = 0;
          const Dataset data = open()->stage(counting, wanted, {});
          right += tree(data.directory()) == expected;
        });
      }
    }
    return right == kThreads;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    while (!fs::exists(go)) std::this_thread::yield();
    ::_exit(stage_in_threads() ? 0 : 1);
  }
  write_file_atomic(go, "");
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(read_file(count), std::string(20, 'x'));
}

TEST_F(Cache, OverlappingPrefixesAtOnceTransferEachObjectOnce) {
  const auto cache = open();
  StageRequest all = request(), below = request();
  below.prefix = "d/";
  all.transfer.on_log = below.transfer.on_log = {};
  std::vector<std::jthread> threads;
  for (const StageRequest* r : {&all, &below}) {
    threads.emplace_back([&, r] { cache->stage(store, *r, {}); });
  }
  threads.clear();
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
}

TEST_F(Cache, AFailedTransferKeepsWhatItHasAndIsGoneOnWith) {
  const auto cache = open();
  FailingStore failing(*memory, fail_calls(StoreCall::Get, 12, 99, {.kind = ErrorKind::Forbidden}));
  StageRequest one = request();
  one.transfer.connections = 1;
  EXPECT_THROW(cache->stage(failing, one, {}), Error);
  const Dataset data = cache->stage(store, request(), {});
  EXPECT_EQ(tree(data.directory()), expected);
  EXPECT_EQ(store.calls(StoreCall::Get), 9u);
}

TEST_F(Cache, AnotherGoesOnWhereAKilledProcessStopped) {
  for (const unsigned fatal : {1u, 7u, 20u}) {
    memory->remove("d/file0", {});
    put("d/file0", "version " + std::to_string(fatal));
    for (int i = 1; i < 20; ++i) put("d/file" + std::to_string(i), std::to_string(fatal * 100 + i));
    const pid_t child = ::fork();
    if (child == 0) {
      FailingStore deadly(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
        if (call == StoreCall::Get && nth == fatal) ::kill(::getpid(), SIGKILL);
        return std::optional<Failure>();
      });
      StageRequest one = request();
      one.transfer.connections = 1;
      open()->stage(deadly, one, {});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const unsigned before = store.calls(StoreCall::Get);
    const auto cache = open();
    const Dataset data = cache->stage(store, request(), {});
    EXPECT_EQ(tree(data.directory()), expected);
    EXPECT_EQ(store.calls(StoreCall::Get) - before, 20 - (fatal - 1));
    // Nothing of the dead one is left.
    EXPECT_TRUE(fs::is_empty(temp.path() / "cache/work"));
    EXPECT_TRUE(fs::is_empty(temp.path() / "cache/partial"));
  }
}

TEST_F(Cache, TheLeastRecentlyUsedLeavesAndWhatIsUsedStays) {
  const auto cache = open(kSetOnDisk * 9 / 4);
  StageRequest all = request();
  auto used = std::make_unique<Dataset>(cache->stage(store, all, {}));
  const auto second = make_memory_store({.description = "second"});
  for (int i = 0; i < 20; ++i) upload_bytes(*second, std::string(1000, 'x'), std::to_string(i), {});
  cache->stage(*second, request(), {});
  EXPECT_EQ(cache->usage().bytes, 2 * kSetOnDisk);
  EXPECT_EQ(cache->usage().leased_trees, 1u);

  const auto third = make_memory_store({.description = "third"});
  upload_bytes(*third, std::string(80'000, 'y'), "large", {});
  cache->stage(*third, request(), {});
  EXPECT_LE(cache->usage().bytes, kSetOnDisk * 9 / 4);
  EXPECT_EQ(tree(used->directory()), expected);
  FailingStore counting(*second, {});
  used.reset();
  cache->stage(store, request(), {});  // still there
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
  cache->stage(counting, request(), {});  // left
  EXPECT_GT(counting.calls(StoreCall::Get), 0u);
}

TEST_F(Cache, TwoThatFillItAtOnceKeepToItsLimit) {
  const auto cache = open(kSetOnDisk * 3 / 2);
  const auto second = make_memory_store({.description = "second", .page_size = 6});
  for (int i = 0; i < 20; ++i) upload_bytes(*second, std::string(1000, 'x'), std::to_string(i), {});
  StageRequest one = request(), other = request();
  one.transfer.connections = 1;
  one.transfer.on_log = other.transfer.on_log = {};
  std::optional<Dataset> inner;
  FailingStore slow(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    if (call == StoreCall::Get && nth == 1)
      inner.emplace(open(kSetOnDisk * 3 / 2)->stage(*second, other, {}));
    return std::optional<Failure>();
  });
  const Dataset outer = cache->stage(slow, one, {});
  EXPECT_EQ(tree(outer.directory()), expected);
  EXPECT_EQ(tree(inner->directory()).size(), 20u);
  EXPECT_LE(cache->usage().bytes, kSetOnDisk * 3 / 2);
  EXPECT_NE(outer.shared(), inner->shared());  // one went past it
}

TEST_F(Cache, WhatDoesNotFitGoesPastIt) {
  const auto cache = open(kSetOnDisk / 4);
  const Dataset data = cache->stage(store, request(), {});
  EXPECT_FALSE(data.shared());
  EXPECT_EQ(tree(data.directory()), expected);
  EXPECT_THAT(lines, Contains(HasSubstr("does not fit into this machine's cache")));
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
  EXPECT_EQ(store.calls(StoreCall::List), 4u);
}

TEST_F(Cache, WhatOthersUseIsSaidWhenThatLeavesNoRoom) {
  const auto cache = open(kSetOnDisk * 3 / 2);
  const auto second = make_memory_store({.description = "second"});
  for (int i = 0; i < 20; ++i) upload_bytes(*second, std::string(1000, 'x'), std::to_string(i), {});
  const Dataset used = cache->stage(store, request(), {});
  EXPECT_FALSE(cache->stage(*second, request(), {}).shared());
  EXPECT_THAT(lines, Contains(HasSubstr("(20 files take 80 KiB on the disk, the limit is 120 KiB, "
                                        "of which 80 KiB are in use by other runs)")));
}

TEST_F(Cache, TheLimitIsOfWhatLiesOnTheDisk) {
  const auto large_enough = open(kSetOnDisk);
  EXPECT_TRUE(large_enough->stage(store, request(), {}).shared());
  EXPECT_EQ(large_enough->usage().bytes, kSetOnDisk);
  const auto second = make_memory_store({.description = "second"});
  for (int i = 0; i < 21; ++i) upload_bytes(*second, "x", std::to_string(i), {});
  EXPECT_FALSE(large_enough->stage(*second, request(), {}).shared());
  EXPECT_THAT(lines,
              Contains(HasSubstr("(21 files take 84 KiB on the disk, the limit is 80 KiB)")));
}

TEST_F(Cache, ManySmallObjectsLeaveTheFloorFree) {
  const auto second = make_memory_store({.description = "second"});
  // Far more on the disk than other programs may free meanwhile.
  for (int i = 0; i < 20'000; ++i) upload_bytes(*second, "x", std::to_string(i), {});
  StageRequest tight = request();
  tight.transfer.free_floor = free_bytes(temp.path()) - (1u << 20);
  FailingStore counting(*second, {});
  EXPECT_THROW(open()->stage(counting, tight, {}), Error);
  EXPECT_EQ(counting.calls(StoreCall::Get), 0u);
}

TEST_F(Cache, WhatGoesPastItTakesWhatItHas) {
  const auto cache = open(kSetOnDisk * 3 / 4);
  StageRequest some = request();
  some.prefix = "d/file1";
  cache->stage(store, some, {});
  ASSERT_EQ(store.calls(StoreCall::Get), 11u);
  const Dataset data = cache->stage(store, request(), {});
  EXPECT_FALSE(data.shared());
  EXPECT_EQ(tree(data.directory()), expected);
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
  struct stat status {};
  ASSERT_EQ(::stat((data.directory() / "d/file1").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);  // the run's own: not a link
  EXPECT_EQ(status.st_nlink, 1u);
}

TEST_F(Cache, WithoutETagsInTheListingAReplacedObjectIsNoticed) {
  const auto plain = make_memory_store({.page_size = 6, .etags = ETags::NotListed});
  FailingStore counting(*plain, {});
  for (const auto& [key, bytes] : expected) upload_bytes(*plain, bytes, key, {});
  const auto cache = open();
  EXPECT_EQ(tree(cache->stage(counting, request(), {}).directory()), expected);
  cache->stage(counting, request(), {});
  EXPECT_EQ(counting.calls(StoreCall::Get), 20u);
  expected["d/file3"] = std::string(1000, 'Z');  // the same size
  upload_bytes(*plain, expected["d/file3"], "d/file3", {});
  const Dataset data = cache->stage(counting, request(), {});
  EXPECT_EQ(tree(data.directory()), expected);
  EXPECT_TRUE(data.shared());
  EXPECT_EQ(counting.calls(StoreCall::Get), 21u);
}

TEST_F(Cache, WithoutAnyETagNothingIsCached) {
  const auto plain = make_memory_store({.page_size = 6, .etags = ETags::Nowhere});
  FailingStore counting(*plain, {});
  for (const auto& [key, bytes] : expected) upload_bytes(*plain, bytes, key, {});
  const auto cache = open();
  cache->stage(counting, request(), {});
  expected["d/file3"] = std::string(1000, 'Z');
  upload_bytes(*plain, expected["d/file3"], "d/file3", {});
  const Dataset data = cache->stage(counting, request(), {});
  EXPECT_EQ(tree(data.directory()), expected);
  EXPECT_FALSE(data.shared());
  EXPECT_EQ(cache->usage().objects, 0u);
  EXPECT_THAT(lines, Contains(HasSubstr("the store gives 20 files no ETag")));
}

TEST_F(Cache, AnS3StoreWithoutETagsIsFetchedPastIt) {
  FakeS3Store fake({.etags = false, .request_ids = true});
  for (const auto& [key, bytes] : expected) fake.server->put(key, bytes);
  const auto s3 = make_retrying(fake.open(fake.store_options()),
                                {.attempts = 2, .base = Milliseconds(0)}, fake.clock);
  const Dataset data = open()->stage(*s3, request(), {});
  EXPECT_EQ(tree(data.directory()), expected);
  EXPECT_FALSE(data.shared());
}

TEST_F(Cache, WhoMayListButNotReadGetsNothing) {
  const auto cache = open();
  cache->stage(store, request(), {});
  for (const ErrorKind kind : {ErrorKind::Forbidden, ErrorKind::NotFound}) {
    FailingStore blind(*memory, [&](StoreCall call, const std::string&, unsigned) {
      const bool reads = call == StoreCall::Head || call == StoreCall::Get;
      return reads ? std::optional(Failure{.kind = kind}) : std::nullopt;
    });
    EXPECT_THROW(cache->stage(blind, request(), {}), Error);
  }
}

TEST_F(Cache, OtherCredentialsProveThatTheyMayRead) {
  const auto cache = open();
  StageRequest owner = request(), other = request(), again = request();
  owner.credentials = Secret("owner");
  other.credentials = again.credentials = Secret("other");
  cache->stage(store, owner, {});
  EXPECT_EQ(store.calls(StoreCall::Head), 0u);  // it fetched all itself
  cache->stage(store, owner, {});
  EXPECT_EQ(store.calls(StoreCall::Head), 1u);
  EXPECT_TRUE(cache->stage(store, other, {}).shared());
  EXPECT_EQ(store.calls(StoreCall::Head), 21u);
  cache->stage(store, again, {});
  EXPECT_EQ(store.calls(StoreCall::Head), 22u);
  EXPECT_EQ(store.calls(StoreCall::Get), 20u);
  for (const auto& file : fs::directory_iterator(temp.path() / "cache/readers")) {
    EXPECT_EQ(read_file(file.path()).size(), 2 * 65u);
    EXPECT_EQ(read_file(file.path()).find("owner"), std::string::npos);
  }
}

TEST_F(Cache, OneObjectThatTheyMayNotReadKeepsTheCacheFromThem) {
  const auto cache = open();
  cache->stage(store, request(), {});
  FailingStore partly(*memory, [](StoreCall call, const std::string& key, unsigned) {
    const bool reads = call == StoreCall::Head || call == StoreCall::Get;
    const bool secret = reads && key == "d/file13";
    return secret ? std::optional(Failure{.kind = ErrorKind::Forbidden}) : std::nullopt;
  });
  StageRequest other = request();
  other.credentials = Secret("other");
  try {
    cache->stage(partly, other, {});
    ADD_FAILURE() << "it got what it may not read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Forbidden);
    EXPECT_THAT(error.what(), HasSubstr("d/file13"));
  }
  EXPECT_THAT(lines, Contains(HasSubstr("these keys may not read 'd/file13'")));
}

// The cache has most of it from other credentials, one object is new.
TEST_F(Cache, WhatOneFetchedItselfProvesNothingOfTheRest) {
  const auto cache = open();
  cache->stage(store, request(), {});
  put("d/new", "new");
  FailingStore counting(*memory, {});
  StageRequest other = request();
  other.credentials = Secret("other");
  EXPECT_EQ(cache->stage(counting, other, {}).report().transferred_files, 1u);
  EXPECT_EQ(counting.calls(StoreCall::Head), 20u);
}

TEST_F(Cache, KeysThatAreNoPathsAreNamedEachTime) {
  put("../up", "x");
  const auto cache = open();
  cache->stage(store, request(), {});
  const Dataset again = cache->stage(store, request(), {});
  ASSERT_EQ(again.report().remarks.size(), 1u);
  EXPECT_EQ(again.report().remarks[0].name, "../up");
}

TEST_F(Cache, AKeyWhosePathWouldBeTooLongIsShortened) {
  const auto second = make_memory_store({.description = "second"});
  upload_bytes(*second, "x", std::string(1023, '/'), {});
  const auto cache = open();
  for (const auto access : {DataAccess::SharedReadOnly, DataAccess::PrivateCopy}) {
    const Dataset data = cache->stage(*second, request(access), {});
    EXPECT_EQ(data.report().files, 1u);
    ASSERT_EQ(data.report().remarks.size(), 1u);
    EXPECT_LT(data.report().remarks[0].detail.size(), 300u);
  }
}

TEST_F(Cache, AfterAStartOfTheMachineOnlyWhatIsOnTheDiskCounts) {
  const auto second = make_memory_store({.description = "second"});
  upload_bytes(*second, "kept", "k", {});
  {
    const auto cache = open();
    cache->stage(store, request(), {});
    Dataset durable = cache->stage(*second, request(), {});
    durable.persist();
  }
  write_file_atomic(temp.path() / "cache/boot", "an earlier boot");
  const auto cache = open();
  EXPECT_EQ(cache->usage().trees, 1u);
  EXPECT_EQ(cache->usage().objects, 1u);
  FailingStore counting(*second, {});
  const Dataset data = cache->stage(counting, request(), {});
  EXPECT_EQ(counting.calls(StoreCall::Get), 0u);
  EXPECT_EQ(read_file(data.directory() / "k"), "kept");
  const Dataset fetched = cache->stage(store, request(), {});
  EXPECT_EQ(tree(fetched.directory()), expected);
}

TEST_F(Cache, AStopEndsTheWaitForAnother) {
  const auto cache = open();
  std::stop_source stop;
  std::atomic<bool> stopped{false};
  // The transfer of the first ends only after the second gave up.
  FailingStore slow(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    if (call == StoreCall::Get && nth == 1) {
      std::jthread other([&] {
        StageRequest r = request();
        r.transfer.on_log = [&](std::string_view line) {
          if (line.find("waiting for it") != line.npos) stop.request_stop();
        };
        try {
          open()->stage(store, r, stop.get_token());
        } catch (const Error& e) {
          stopped = e.kind() == ErrorKind::Canceled;
        }
      });
    }
    return std::optional<Failure>();
  });
  StageRequest first = request();
  first.transfer.connections = 1;
  first.transfer.on_log = {};
  cache->stage(slow, first, {});
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace trainyard::objectstore
