#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/files.hpp"
#include "base/ordinary_user_testing.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/local_tree.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

class Upload : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& bytes) {
    fs::create_directories((directory / path).parent_path());
    std::ofstream(directory / path, std::ios::binary) << bytes;
  }
  // A file so many directories with names of 200 bytes down.
  void write_deep(int levels) {
    const std::string name(200, 'd');
    Fd at = open_file(directory, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < levels; ++i) {
      ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0700), 0);
      at = Fd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    write_all(Fd(::openat(at.get(), "best.pt", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), "y");
  }
  std::unique_ptr<TreeUploader> uploader(ObjectStore& to) {
    return make_tree_uploader(to, directory, "training-x", {.connections = 4});
  }
  std::map<std::string, std::string> stored() {
    std::map<std::string, std::string> objects;
    for (const ObjectInfo& object : memory->list("", "", {}).objects) {
      objects[object.key] = download_bytes(*memory, object.key, 1u << 30);
    }
    return objects;
  }
  // Its content is as old as it looks.
  void age(const std::string& path) {
    const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (directory / path).c_str(), old, 0), 0);
  }

  TempDir temp{"trainyard-", scratch()};
  fs::path directory = temp.path();
  std::unique_ptr<ObjectStore> memory = make_memory_store();
  FailingStore store{*memory, {}};
};

TEST_F(Upload, StoresEveryFileBelowThePrefix) {
  write("model/saved.pb", "weights");
  write("a b+%.txt", "");
  write("learner-1/training-log.txt", "log");
  const TreeReport report = uploader(store)->finish({});
  EXPECT_EQ(stored(),
            (std::map<std::string, std::string>{{"training-x/model/saved.pb", "weights"},
                                                {"training-x/a b+%.txt", ""},
                                                {"training-x/learner-1/training-log.txt", "log"}}));
  EXPECT_EQ(report.files, 3u);
  EXPECT_EQ(report.bytes, 10u);
  EXPECT_EQ(report.transferred_files, 3u);
}

// Where ETags say nothing of the bytes, the checksums that the store keeps do.
TEST_F(Upload, KnowsByItsChecksumWhatAnEarlierOneStored) {
  for (const bool checksums : {true, false}) {
    FakeS3Store fake({.kms = true, .checksums = checksums});
    const auto there = fake.open(fake.store_options());
    write("same", "weights");
    write("other", "one");
    uploader(*there)->finish({});
    write("other", "two");
    EXPECT_EQ(uploader(*there)->finish({}).transferred_files, checksums ? 1u : 2u);
    EXPECT_EQ(fake.server->bytes_of("training-x/other"), "two");
  }
}

TEST_F(Upload, SendsOnlyWhatChangedSince) {
  write("a", "one");
  write("b", "two");
  const auto again = uploader(store);
  again->finish({});
  write("b", "TWO");
  write("c", "three");
  EXPECT_EQ(again->finish({}).transferred_files, 2u);
  EXPECT_EQ(stored().at("training-x/b"), "TWO");
  EXPECT_EQ(store.calls(StoreCall::Put), 4u);
  EXPECT_EQ(store.calls(StoreCall::List), 1u);
}

TEST_F(Upload, AnotherProcessSendsOnlyWhatTheStoreLacks) {
  write("same", "0123456789");
  write("other", "0123456789");
  write("new", "x");
  uploader(store)->finish({});
  memory->remove("training-x/new", {});
  write("other", "9876543210");  // of the same size
  EXPECT_EQ(uploader(store)->finish({}).transferred_files, 2u);
  EXPECT_EQ(stored().at("training-x/other"), "9876543210");
}

TEST_F(Upload, WhatCameFromTheStoreIsNotSentBeforeItChanges) {
  write("kept", "v1");
  write("changed", "v1");
  write("deep/back", "v1");
  const auto known = look_at_files(directory, {});
  upload_bytes(*memory, "v2", "training-x/kept", {});
  const auto up = make_tree_uploader(store, directory, "training-x", {}, {.known = known});
  write("changed", "v3");
  write("deep/back", "v3");
  for (const auto* path : {"kept", "changed", "deep/back"}) age(path);
  up->sync(Milliseconds(0), {});
  EXPECT_EQ(stored()["training-x/deep/back"], "v3");
  write("deep/back", "v1");
  const TreeReport report = up->finish({});
  EXPECT_EQ(stored()["training-x/kept"], "v2");
  EXPECT_EQ(stored()["training-x/changed"], "v3");
  EXPECT_EQ(stored()["training-x/deep/back"], "v1") << "the store had v3 since";
  EXPECT_EQ(report.files, 3u);
}

// Its next put stores `text` and fails all the same: the answer is lost on the way.
class LosesAnAnswer {
 public:
  LosesAnAnswer(ObjectStore& memory, std::string text) : memory_(memory), text_(std::move(text)) {}
  std::optional<Failure> operator()(StoreCall call, const std::string& key, unsigned) {
    if (call != StoreCall::Put || lost_->exchange(true)) return std::nullopt;
    upload_bytes(memory_, text_, key, {});
    return Failure{.kind = ErrorKind::Forbidden};
  }

 private:
  ObjectStore& memory_;
  std::string text_;
  std::shared_ptr<std::atomic<bool>> lost_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_F(Upload, WhatTakesThePlaceOfAKnownFileIsToldBeforeItIsSent) {
  for (const auto* path : {"kept", "changed"}) {
    write(path, "v1");
    upload_bytes(*memory, "v1", std::string("training-x/") + path, {});
  }
  const auto known = look_at_files(directory, {});
  write("changed", "v2");
  std::vector<std::string> replaced;
  FailingStore losing(*memory, LosesAnAnswer(*memory, "v2"));
  const auto up = make_tree_uploader(losing, directory, "training-x", {},
                                     {.known = known, .on_replace = [&](const std::string& path) {
                                        EXPECT_EQ(stored()["training-x/" + path], "v1");
                                        replaced.push_back(path);
                                      }});
  EXPECT_THROW(up->finish({}), Error);
  EXPECT_EQ(replaced, std::vector<std::string>{"changed"});
  write("changed", "v1");
  up->finish({});
  EXPECT_EQ(stored()["training-x/changed"], "v1") << "v2 had arrived";
  EXPECT_EQ(replaced.size(), 1u);
}

TEST_F(Upload, AfterALostAnswerNothingIsKnownOfTheFile) {
  write("a", "v1");
  age("a");
  std::optional<LosesAnAnswer> losing;
  FailingStore flaky(*memory, [&](StoreCall call, const std::string& key, unsigned nth) {
    return losing ? (*losing)(call, key, nth) : std::nullopt;
  });
  const auto up = make_tree_uploader(flaky, directory, "training-x", {});
  up->sync(Milliseconds(0), {});
  EXPECT_EQ(stored()["training-x/a"], "v1");
  losing.emplace(*memory, "v2");
  write("a", "v2");
  age("a");
  EXPECT_EQ(up->sync(Milliseconds(0), {}).failed_files, 1u);
  EXPECT_EQ(stored()["training-x/a"], "v2");
  write("a", "v1");
  up->finish({});
  EXPECT_EQ(stored()["training-x/a"], "v1");
}

TEST_F(Upload, AFileThatReturnsToItsOldContentIsSentAgain) {
  write("a", "old");
  uploader(store)->finish({});
  const auto second = uploader(store);
  write("a", "new");
  second->finish({});
  write("a", "old");
  second->finish({});
  EXPECT_EQ(stored().at("training-x/a"), "old");
}

TEST_F(Upload, UploadsInPartsAreRecognisedToo) {
  FakeS3Store fake;
  S3Options options = fake.store_options();
  options.part_size = 5u << 20;
  const auto s3 = fake.open(options);
  write("large", std::string(12u << 20, 'x'));
  EXPECT_EQ(uploader(*s3)->finish({}).transferred_files, 1u);
  EXPECT_EQ(uploader(*s3)->finish({}).transferred_files, 0u);
}

TEST_F(Upload, LinksAreNeverFollowedOutOfTheDirectory) {
  TempDir outside;
  std::ofstream(outside.path() / "secret") << "secret";
  write("model-10", "weights");
  write("d/x", "1");
  fs::create_symlink("model-10", directory / "latest");
  fs::create_symlink("../model-10", directory / "d/up");
  fs::create_symlink(outside.path() / "secret", directory / "leak");
  fs::create_symlink(outside.path(), directory / "leaking-directory");
  fs::create_symlink("../../../../../../../../etc/passwd", directory / "d/passwd");
  fs::create_symlink("d", directory / "inner-directory");
  fs::create_symlink("nowhere", directory / "dangling");
  fs::create_symlink("loop", directory / "loop");
  const TreeReport report = uploader(store)->finish({});
  EXPECT_EQ(stored(), (std::map<std::string, std::string>{{"training-x/model-10", "weights"},
                                                          {"training-x/latest", "weights"},
                                                          {"training-x/d/up", "weights"},
                                                          {"training-x/d/x", "1"}}));
  EXPECT_EQ(report.remarks.size(), 6u);
}

TEST_F(Upload, LinksMayNameTheDirectoryItself) {
  TempDir outside;
  std::ofstream(outside.path() / "secret") << "secret";
  write("model-10", "weights");
  write("d/x", "1");
  fs::create_symlink("/mnt/run/model-10", directory / "as-seen");
  fs::create_symlink(directory / "model-10", directory / "as-it-is");
  fs::create_symlink("/mnt/run/d", directory / "inner");
  fs::create_symlink("../run/as-seen", directory / "around");
  fs::create_symlink("../../run/inner/x", directory / "d/through");
  fs::create_symlink(outside.path() / "secret", directory / "leak");
  fs::create_symlink("/mnt/run/leak", directory / "d/to-leak");
  fs::create_symlink("/mnt/run/../../etc/passwd", directory / "passwd");
  const TreeReport report =
      make_tree_uploader(store, directory, "p", {}, {.names = {"/mnt/run", directory}})->finish({});
  EXPECT_EQ(stored(), (std::map<std::string, std::string>{{"p/model-10", "weights"},
                                                          {"p/as-seen", "weights"},
                                                          {"p/as-it-is", "weights"},
                                                          {"p/around", "weights"},
                                                          {"p/d/through", "1"},
                                                          {"p/d/x", "1"}}));
  EXPECT_EQ(report.remarks.size(), 4u);
}

TEST_F(Upload, AFileSwappedForALinkIsNotFollowed) {
  TempDir outside;
  std::ofstream(outside.path() / "secret") << "secret";
  write("d/a", "x");
  const LocalDirectory local(open_file(directory, O_RDONLY | O_DIRECTORY), {directory});
  fs::rename(directory / "d", directory / "moved");
  fs::create_symlink(outside.path(), directory / "d");
  std::ofstream(outside.path() / "a") << "secret";
  EXPECT_THROW(local.open("d/a", Locked::Leave), Error);
}

TEST_F(Upload, SpecialFilesAreSkippedAndNamed) {
  write("a", "x");
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (directory / "sock").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const TreeReport report = uploader(store)->finish({});
  EXPECT_EQ(stored().size(), 1u);
  EXPECT_THAT(report.remarks, Contains(Field(&Remark::detail, "skipped: a pipe")));
  EXPECT_THAT(report.remarks, Contains(Field(&Remark::detail, "skipped: a socket")));
}

TEST_F(Upload, NamesThatNoKeyCanHaveAreStoredUnderOthers) {
  write("bad\xff", "x");
  write_deep(25);  // longer than a path may be for one call, too
  const TreeReport report = uploader(store)->finish({});
  auto objects = stored();
  EXPECT_EQ(objects.at("training-x/bad%FF"), "x");
  ASSERT_EQ(objects.size(), 2u);
  const auto& [key, bytes] = *objects.rbegin();
  EXPECT_EQ(bytes, "y");
  EXPECT_EQ(key.size(), 1024u);
  EXPECT_THAT(report.remarks, Contains(Field(&Remark::detail, HasSubstr("stored as " + key))));
}

TEST_F(Upload, WhatLiesTooDeepIsSkippedAndNamed) {
  write("a", "x");
  fs::create_symlink(std::string(300, 'l'), directory / "to-a-name-too-long");
  write_deep(100);
  const auto uploads = uploader(store);
  EXPECT_EQ(uploads->sync(Milliseconds(0), {}).failed_files, 0u);
  const TreeReport report = uploads->finish({});
  EXPECT_EQ(stored(), (std::map<std::string, std::string>{{"training-x/a", "x"}}));
  ASSERT_EQ(report.remarks.size(), 2u);
  EXPECT_THAT(report.remarks, Contains(Field(&Remark::name, "to-a-name-too-long")));
  const auto deep = std::ranges::find(
      report.remarks, "skipped: its path has more than 16,384 bytes", &Remark::detail);
  ASSERT_NE(deep, report.remarks.end());
  EXPECT_THAT(deep->name, testing::MatchesRegex("d+~[0-9a-f]*"));
  EXPECT_LE(deep->name.size(), 150u);
}

TEST_F(Upload, SyncTakesOnlyWhatIsQuiet) {
  write("old", "x");
  age("old");
  write("fresh", "y");
  const auto uploads = uploader(store);
  EXPECT_EQ(uploads->sync(Milliseconds(60'000), {}).transferred_files, 1u);
  EXPECT_EQ(stored().count("training-x/old"), 1u);
  EXPECT_EQ(stored().count("training-x/fresh"), 0u);
  EXPECT_EQ(uploads->finish({}).transferred_files, 1u);
}

// Linux stamps a write through a memory map when the page becomes dirty, and not the next ones.
TEST_F(Upload, WhatIsWrittenThroughAMemoryMapAfterSyncIsStoredAtTheEnd) {
  for (const std::uint64_t size : {100u, 3u << 20, 12u << 20}) {
    FakeS3Store fake;
    S3Options options = fake.store_options();
    options.part_size = 5u << 20;
    const auto s3 = fake.open(options);
    write("weights", std::string(size, '0'));
    write("same", std::string(size, 's'));
    age("same");
    const Fd file = open_file(directory / "weights", O_RDWR);
    void* map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ASSERT_NE(map, MAP_FAILED);
    char* const last = static_cast<char*>(map) + size - 1;
    *last = '1';
    age("weights");
    const auto uploads = uploader(*s3);
    EXPECT_EQ(uploads->sync(Milliseconds(1000), {}).transferred_files, 2u);
    *last = '2';
    ::munmap(map, size);
    EXPECT_EQ(uploads->finish({}).transferred_files, 1u) << "the other is as it was sent";
    EXPECT_EQ(fake.server->bytes_of("training-x/weights").back(), '2');
    EXPECT_EQ(uploads->finish({}).transferred_files, 0u);
  }
}

TEST_F(Upload, SyncNamesWhatFailedAndFinishTriesAgain) {
  write("a", "x");
  write("b", "y");
  age("a");
  age("b");
  FailingStore away(*memory, fail_calls(StoreCall::Put, 1, 2));
  const auto uploads = uploader(away);
  const TreeReport report = uploads->sync(Milliseconds(1000), {});
  EXPECT_EQ(report.transferred_files, 0u);
  EXPECT_GE(report.remarks.size(), 1u);
  EXPECT_EQ(report.failed_files, 2u);
  EXPECT_EQ(uploads->finish({}).transferred_files, 2u);
}

// As a link or a large object of Swift is: it has bytes all the same.
TEST_F(Upload, AnEmptyFileTakesThePlaceOfAnObjectThatIsOnlyListedAsEmpty) {
  FakeS3Store fake({.listed_empty = {"training-x/model"}});
  fake.server->put("training-x/model", "of an earlier learner");
  write("model", "");
  uploader(*fake.open(fake.store_options()))->finish({});
  EXPECT_EQ(fake.server->bytes_of("training-x/model"), "");
}

TEST_F(Upload, WhatSyncBroughtAndIsGoneAtTheEndIsTakenBack) {
  upload_bytes(*memory, "an earlier run's", "training-x/old", {});
  write("old", "mine");
  write("ckpt.tmp", "half");
  write("kept", "x");
  for (const char* path : {"old", "ckpt.tmp", "kept"}) age(path);
  const auto uploads = uploader(store);
  EXPECT_EQ(uploads->sync(Milliseconds(1000), {}).transferred_files, 3u);
  fs::rename(directory / "ckpt.tmp", directory / "ckpt");
  fs::remove(directory / "old");
  uploads->finish({});
  EXPECT_EQ(stored(), (std::map<std::string, std::string>{{"training-x/ckpt", "half"},
                                                          {"training-x/kept", "x"},
                                                          {"training-x/old", "mine"}}));
}

TEST_F(Upload, WhatAnotherStoredInThePlaceOfWhatIsGoneIsNotTakenBack) {
  for (const char* path : {"ckpt-1", "ckpt-2", "ckpt-3"}) {
    write(path, "mine");
    age(path);
  }
  const auto uploads = uploader(store);
  uploads->sync(Milliseconds(1000), {});
  write("ckpt-2", "mine, again");
  age("ckpt-2");
  uploads->sync(Milliseconds(1000), {});
  upload_bytes(*memory, "newer", "training-x/ckpt-1", {});
  memory->remove("training-x/ckpt-3", {});
  for (const char* path : {"ckpt-1", "ckpt-2", "ckpt-3"}) fs::remove(directory / path);
  uploads->finish({});
  EXPECT_EQ(stored(), (std::map<std::string, std::string>{{"training-x/ckpt-1", "newer"}}));
  EXPECT_EQ(store.calls(StoreCall::Remove), 1u);
}

TEST_F(Upload, WhatTheCommandLockedIsStoredAllTheSameAndNothingIsTakenBack) {
  fs::permissions(directory, fs::perms::all);
  const OrdinaryUser user;
  directory /= "results";
  for (const char* path : {"ckpt/best", "closed/inner/a", "shut"}) {
    write(path, "weights");
    age(path);
  }
  const auto uploads = uploader(store);
  EXPECT_EQ(uploads->sync(Milliseconds(1000), {}).transferred_files, 3u);
  write("late/final", "final weights");
  fs::create_symlink("late/final", directory / "a-link");
  for (const char* path : {"late", "ckpt"}) ::chmod((directory / path).c_str(), 0444);
  ::chmod((directory / "closed/inner").c_str(), 0);
  ::chmod((directory / "closed").c_str(), 0);
  ::chmod((directory / "shut").c_str(), 0);
  ::chmod(directory.c_str(), 0444);
  EXPECT_GT(uploads->sync(Milliseconds(1000), {}).failed_files, 0u);
  EXPECT_EQ(fs::status(directory).permissions(), fs::perms(0444)) << "the command still runs";
  uploads->finish({});
  EXPECT_EQ(stored(),
            (std::map<std::string, std::string>{{"training-x/a-link", "final weights"},
                                                {"training-x/ckpt/best", "weights"},
                                                {"training-x/closed/inner/a", "weights"},
                                                {"training-x/late/final", "final weights"},
                                                {"training-x/shut", "weights"}}));
}

TEST_F(Upload, WhatCannotBeLookedIntoFailsFinishAndNothingIsTakenBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make directories of somebody else";
  write("theirs/a", "x");
  write("gone", "x");
  for (const char* path : {"theirs/a", "gone"}) age(path);
  fs::permissions(directory, fs::perms::all);
  fs::permissions(directory / "theirs", fs::perms(0755));
  const auto uploads = uploader(store);
  uploads->sync(Milliseconds(1000), {});
  fs::remove(directory / "gone");
  for (const mode_t mode : {0700, 0744}) {
    ::chmod((directory / "theirs").c_str(), mode);
    const OrdinaryUser user;
    write("mine", "y");
    try {
      uploads->finish({});
      FAIL() << mode;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Forbidden);
      EXPECT_THAT(e.what(), HasSubstr("theirs"));
    }
  }
  EXPECT_EQ(stored(),
            (std::map<std::string, std::string>{
                {"training-x/gone", "x"}, {"training-x/mine", "y"}, {"training-x/theirs/a", "x"}}));
  ::chmod((directory / "theirs").c_str(), 0755);
  uploads->finish({});
  EXPECT_EQ(stored().count("training-x/gone"), 0u);
}

TEST_F(Upload, ATreeMayBeDeeperThanDescriptorsReach) {
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "d/";
  write(deep + "f", "y");
  uploader(store)->finish({});
  EXPECT_EQ(stored().at("training-x/" + deep + "f"), "y");
}

TEST_F(Upload, AStoreThatRemovesNothingFailsNoRun) {
  write("gone", "x");
  age("gone");
  FailingStore keeping(*memory,
                       fail_calls(StoreCall::Remove, 1, 9, {.kind = ErrorKind::Forbidden}));
  const auto uploads = uploader(keeping);
  uploads->sync(Milliseconds(1000), {});
  fs::remove(directory / "gone");
  EXPECT_THAT(uploads->finish({}).remarks,
              Contains(Field(&Remark::detail, HasSubstr("remains in the store"))));
}

TEST_F(Upload, FinishTriesAllOthersBeforeItFails) {
  for (int i = 0; i < 10; ++i) write("f" + std::to_string(i), "x");
  FailingStore partly(*memory, fail_calls(StoreCall::Put, 3, 3, {.kind = ErrorKind::Forbidden}));
  const auto uploads = uploader(partly);
  EXPECT_THROW(uploads->finish({}), Error);
  EXPECT_EQ(stored().size(), 9u);
  EXPECT_EQ(uploads->finish({}).transferred_files, 1u);
  EXPECT_EQ(stored().size(), 10u);
}

TEST_F(Upload, AStoreThatIsAwayFailsFinishAndNotSync) {
  write("a", "x");
  FailingStore away(*memory, fail_calls(StoreCall::List, 1, 2));
  const auto uploads = uploader(away);
  EXPECT_EQ(uploads->sync(Milliseconds(0), {}).remarks.size(), 1u);
  EXPECT_THROW(uploads->finish({}), Error);
  EXPECT_EQ(uploads->finish({}).transferred_files, 1u);
}

TEST_F(Upload, AStoreThatIsAwayIsNotAskedForEachFile) {
  for (int i = 0; i < 1000; ++i) write("f" + std::to_string(i), "x");
  bool is_away = true;
  FailingStore away(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    const bool fails = is_away && call == StoreCall::Put && nth > 10;
    return fails ? std::optional(Failure{}) : std::nullopt;
  });
  const auto uploads = uploader(away);
  EXPECT_THROW(uploads->finish({}), Error);
  EXPECT_LT(away.calls(StoreCall::Put), 30u);
  is_away = false;
  uploads->finish({});
  EXPECT_EQ(stored().size(), 1000u);
}

TEST_F(Upload, AFileThatFailsAloneKeepsNoOtherBack) {
  for (int i = 0; i < 20; ++i) write("f" + std::to_string(i), "x");
  FailingStore store_without_f0(*memory, [&](StoreCall call, const std::string& key, unsigned) {
    const bool fails = call == StoreCall::Put && key == "training-x/f0";
    return fails ? std::optional(Failure{}) : std::nullopt;
  });
  const auto uploads =
      make_tree_uploader(store_without_f0, directory, "training-x", {.connections = 1});
  EXPECT_THROW(uploads->finish({}), Error);
  EXPECT_THROW(uploads->finish({}), Error);
  EXPECT_EQ(stored().size(), 19u);
}

TEST_F(Upload, AFileThatChangesWhileItIsReadIsReadAgain) {
  write("log", "first");
  FailingStore changing(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    if (call == StoreCall::Put && nth == 1) write("log", "second and longer");
    return std::optional<Failure>();
  });
  uploader(changing)->finish({});
  EXPECT_EQ(stored().at("training-x/log"), "second and longer");
}

TEST_F(Upload, AFileThatNeverRestsIsStoredAsItWasAndNamed) {
  write("log", "first");
  FailingStore changing(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    if (call == StoreCall::Put) write("log", "version " + std::to_string(nth));
    return std::optional<Failure>();
  });
  const TreeReport report = uploader(changing)->finish({});
  EXPECT_THAT(report.remarks, Contains(Field(&Remark::detail, HasSubstr("changes all the time"))));
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(Upload, AStopEndsIt) {
  for (int i = 0; i < 10; ++i) write("f" + std::to_string(i), "x");
  std::stop_source stop;
  stop.request_stop();
  try {
    uploader(store)->finish(stop.get_token());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Canceled);
  }
}

TEST_F(Upload, ProgressCountsEachByteOnce) {
  write("a", std::string(100'000, 'x'));
  write("b", "y");
  TransferProgress last;
  FakeS3Store fake;
  const auto s3 = fake.open(fake.store_options());
  make_tree_uploader(*s3, directory, "p", {.on_progress = [&](const TransferProgress& p) {
    last = p;
  }})->finish({});
  EXPECT_EQ(last.files_done, 2u);
  EXPECT_EQ(last.files_total, 2u);
  EXPECT_EQ(last.bytes_done, 100'001u);
  EXPECT_EQ(last.bytes_total, 100'001u);
}

TEST_F(Upload, ProgressDoesNotCountWhatFailed) {
  write("a", "y");
  write("b", std::string(100'000, 'x'));
  TransferProgress last;
  FakeS3Store fake;
  fake.server->script = [](const http::ClientRequest& request, unsigned) {
    const bool fails = request.method == "PUT" && request.url.ends_with("/b");
    return fails ? std::optional(Fault{.status = 500}) : std::nullopt;
  };
  const auto s3 = fake.open(fake.store_options());
  const auto uploads = make_tree_uploader(
      *s3, directory, "p", {.on_progress = [&](const TransferProgress& p) { last = p; }});
  EXPECT_THROW(uploads->finish({}), Error);
  EXPECT_EQ(last.bytes_done, 1u);
  EXPECT_EQ(last.bytes_total, 100'001u);
}

TEST_F(Upload, AMissingDirectoryIsSaid) {
  EXPECT_THROW(make_tree_uploader(store, directory / "none", "p", {}), Error);
}

}  // namespace
}  // namespace trainyard::objectstore
