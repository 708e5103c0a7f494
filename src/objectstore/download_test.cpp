#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/mode_testing.hpp"
#include "base/strings.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/etag.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/object_fetch.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Numbered blocks: no two are the same.
std::string some_bytes(std::size_t size, unsigned seed = 1) {
  const std::string filling(4000, static_cast<char>('a' + seed % 26));
  std::string bytes;
  bytes.reserve(size + filling.size() + 20);
  for (unsigned block = 0; bytes.size() < size; ++block) bytes += std::to_string(block) + filling;
  bytes.resize(size);
  return bytes;
}

std::map<std::string, std::string> tree(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().lexically_relative(directory).string();
    files[path] = entry.is_directory() ? "<directory>" : read_file(entry.path(), 1u << 30);
  }
  return files;
}

class Download : public testing::Test {
 protected:
  TempDir temp{"trainyard-", scratch()};
  fs::path directory = temp.path() / "data";
  std::unique_ptr<ObjectStore> memory = make_memory_store({.page_size = 7});
  std::vector<std::string> lines;
  TransferOptions options{.connections = 4,
                          .free_floor = 0,
                          .on_log = [this](std::string_view line) { lines.emplace_back(line); }};

  TreeReport download(ObjectStore& store, const std::string& prefix = "") {
    return download_tree(store, prefix, directory, options, {});
  }
  Error error_of(ObjectStore& store) {
    try {
      download(store);
    } catch (const Error& e) {
      return e;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::Internal, ""};
  }
};

TEST_F(Download, BringsEveryObjectOfEveryPage) {
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "d" + std::to_string(i % 5) + "/file " + std::to_string(i);
    expected[key] = some_bytes(static_cast<std::size_t>(i) * 101, static_cast<unsigned>(i));
    expected["d" + std::to_string(i % 5)] = "<directory>";
    upload_bytes(*memory, expected[key], key, {});
  }
  const TreeReport report = download(*memory);
  EXPECT_EQ(tree(directory), expected);
  EXPECT_EQ(report.files, 100u);
  EXPECT_EQ(report.transferred_files, 100u);
  EXPECT_EQ(report.bytes, 101u * 99 * 100 / 2);
  EXPECT_EQ(report.transferred_bytes, report.bytes);
}

TEST_F(Download, TakesThePrefixOff) {
  upload_bytes(*memory, "1", "mnist/train/a", {});
  upload_bytes(*memory, "2", "mnist2/b", {});
  upload_bytes(*memory, "", "mnist/", {});
  EXPECT_EQ(download(*memory, folder_prefix("mnist")).files, 2u);
  EXPECT_EQ(tree(directory),
            (std::map<std::string, std::string>{{"train", "<directory>"}, {"train/a", "1"}}));
}

TEST_F(Download, EveryUserCanReadTheTreeWhateverTheUmask) {
  const Umask mask(077);
  upload_bytes(*memory, "1", "a/b", {});
  download(*memory);
  EXPECT_EQ(mode_of(directory), 0755u);
  EXPECT_EQ(mode_of(directory / "a"), 0755u);
  EXPECT_EQ(mode_of(directory / "a/b"), 0644u);
}

TEST_F(Download, AnEmptyBucketIsAnEmptyDirectory) {
  EXPECT_EQ(download(*memory).files, 0u);
  EXPECT_TRUE(tree(directory).empty());
}

TEST_F(Download, KeysThatAreNoPathsAreAllThereAndNamed) {
  for (const char* key : {"a", "a/b", "a//c", "../up", "/lead", "x/", "x/y"}) {
    upload_bytes(*memory, std::string("<") + key, key, {});
  }
  const TreeReport report = download(*memory);
  std::size_t files = 0;
  for (const auto& [path, bytes] : tree(directory)) files += bytes != "<directory>";
  EXPECT_EQ(files, 7u);
  EXPECT_EQ(tree(directory).at("%2E%2E/up"), "<../up");
  EXPECT_EQ(report.remarks.size(), 5u);
  EXPECT_THAT(lines, Contains(HasSubstr("'../up' placed as %2E%2E/up")));
  EXPECT_FALSE(fs::exists(temp.path() / "up"));
}

TEST_F(Download, EveryOddKeyIsNamedAndDirectoriesAreCounted) {
  for (int i = 0; i < 150; ++i) upload_bytes(*memory, "x", "d//" + std::to_string(i), {});
  for (const char* key : {"d/", "e/", "e/f/"}) upload_bytes(*memory, "", key, {});
  download(*memory);
  for (int i = 0; i < 150; ++i) {
    EXPECT_THAT(lines, Contains(HasSubstr(fmt::format("'d//{0}' placed as d/%2F/{0}", i))));
  }
  EXPECT_THAT(lines, Contains(HasSubstr("3 of the objects stand for directories")));
}

TEST_F(Download, LargeObjectsComeInPartsAndAreVerified) {
  const std::string bytes = some_bytes((40u << 20) + 12345);
  upload_bytes(*memory, bytes, "large", {});
  FailingStore counting(*memory, {});
  download(counting);
  EXPECT_EQ(tree(directory).at("large"), bytes);
  EXPECT_EQ(counting.calls(StoreCall::Get), 3u);
}

TEST_F(Download, DamagedBytesAreFetchedAgain) {
  upload_bytes(*memory, "0123456789", "small", {});
  upload_bytes(*memory, some_bytes(33u << 20), "large", {});
  FailingStore damaging(*memory, fail_calls(StoreCall::Get, 1, 2, {.corrupts = true}));
  const TreeReport report = download(damaging);
  EXPECT_EQ(report.files, 2u);
  EXPECT_EQ(tree(directory).at("small"), "0123456789");
  EXPECT_EQ(tree(directory).at("large"), some_bytes(33u << 20));
}

TEST_F(Download, BytesThatStayDamagedFailTheDownload) {
  upload_bytes(*memory, "0123456789", "k", {});
  FailingStore damaging(*memory, fail_calls(StoreCall::Get, 1, 99, {.corrupts = true}));
  const Error error = error_of(damaging);
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_THAT(error.what(), HasSubstr("fetch 'k'"));
  EXPECT_EQ(damaging.calls(StoreCall::Get), 3u);
}

// As HTTP/1.0 does it, the end of the connection is that of the body.
TEST_F(Download, AnAnswerWithoutALengthThatWasCutIsGoneOnWith) {
  for (const bool checksums : {false, true}) {
    FakeS3Store fake({.checksums = checksums});
    fake.server->put("k", some_bytes(1000));
    const auto store = fake.open(fake.store_options());
    fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
      const bool whole = request.url.ends_with("/k") && !request.headers.get("Range");
      if (!whole || request.method != "GET") return std::nullopt;
      return Fault{.without_length = true};
    };
    download(*store);
    EXPECT_EQ(read_file(directory / "k"), some_bytes(1000));
    fs::remove_all(directory);
  }
}

TEST_F(Download, AReplacedObjectIsNoticed) {
  upload_bytes(*memory, "one", "k", {});
  FailingStore store(*memory, [&](StoreCall call, const std::string&, unsigned) {
    if (call == StoreCall::Get) upload_bytes(*memory, "two", "k", {});
    return std::optional<Failure>();
  });
  EXPECT_EQ(error_of(store).kind(), ErrorKind::Conflict);
}

TEST_F(Download, AnObjectThatVanishedFailsItByName) {
  upload_bytes(*memory, "one", "gone", {});
  FailingStore store(*memory, [&](StoreCall call, const std::string&, unsigned) {
    if (call == StoreCall::Get) memory->remove("gone", {});
    return std::optional<Failure>();
  });
  const Error error = error_of(store);
  EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  EXPECT_THAT(error.what(), HasSubstr("gone"));
}

TEST_F(Download, TheFirstErrorEndsTheRest) {
  for (int i = 0; i < 200; ++i) upload_bytes(*memory, "x", "k" + std::to_string(i), {});
  FailingStore store(*memory, fail_calls(StoreCall::Get, 5, 5, {.kind = ErrorKind::Forbidden}));
  EXPECT_EQ(error_of(store).kind(), ErrorKind::Forbidden);
  EXPECT_LT(store.calls(StoreCall::Get), 200u);
}

TEST_F(Download, TooLittleSpaceIsSaidBeforeTheFirstByte) {
  upload_bytes(*memory, "0123456789", "k", {});
  options.free_floor = ~std::uint64_t(0);
  FailingStore counting(*memory, {});
  const Error error = error_of(counting);
  EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
  EXPECT_THAT(error.what(), HasSubstr("the data, 1 file, needs 4 KiB on the disk"));
  EXPECT_THAT(error.what(), HasSubstr("must stay free (the setting keep_free)"));
  EXPECT_EQ(counting.calls(StoreCall::Get), 0u);
}

TEST_F(Download, WithLittleSpaceTheWholeListingComesFirst) {
  for (int i = 0; i < 14; ++i) {
    upload_bytes(*memory, std::string(2u << 20, 'x'), "k" + std::to_string(i), {});
  }
  options.free_floor = free_bytes(temp.path()) - (16u << 20);
  FailingStore counting(*memory, {});
  const Error error = error_of(counting);
  EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
  EXPECT_THAT(error.what(), HasSubstr("needs 28 MiB"));
  EXPECT_EQ(counting.calls(StoreCall::Get), 0u);
  EXPECT_EQ(counting.calls(StoreCall::List), 2u);
}

TEST_F(Download, SmallObjectsAndDirectoriesTakeWholeBlocks) {
  options.free_floor = std::uint64_t(1) << 60;
  const auto many = make_memory_store({});
  for (int i = 0; i < 300; ++i) upload_bytes(*many, "x", std::to_string(i), {});
  FailingStore counting(*many, {});
  EXPECT_THAT(error_of(counting).what(),
              HasSubstr("the data, 300 files and directories, needs 1.2 MiB on the disk"));
  EXPECT_EQ(counting.calls(StoreCall::Get), 0u);
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "d/";
  upload_bytes(*memory, "x", deep + "file", {});
  directory = temp.path() / "deep";
  EXPECT_THAT(error_of(*memory).what(), HasSubstr("401 files and directories, needs 1.6 MiB"));
}

TEST_F(Download, WithSpaceEnoughFetchingDoesNotWaitForTheListing) {
  for (int i = 0; i < 20; ++i) upload_bytes(*memory, "x", "k" + std::to_string(i), {});
  std::atomic<bool> fetched{false};
  FailingStore store(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    if (call == StoreCall::Get) fetched = true;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (call == StoreCall::List && nth == 2 && !fetched) {
      if (std::chrono::steady_clock::now() > deadline) return std::optional(Failure{});
      std::this_thread::yield();
    }
    return std::optional<Failure>();
  });
  EXPECT_EQ(download(store).files, 20u);
}

TEST_F(Download, AFullDirectoryIsRefused) {
  fs::create_directories(directory / "something");
  EXPECT_EQ(error_of(*memory).kind(), ErrorKind::Conflict);
}

TEST_F(Download, AStopEndsIt) {
  for (int i = 0; i < 50; ++i) upload_bytes(*memory, "x", "k" + std::to_string(i), {});
  std::stop_source stop;
  FailingStore store(*memory, [&](StoreCall call, const std::string&, unsigned nth) {
    if (call == StoreCall::Get && nth == 10) stop.request_stop();
    return std::optional<Failure>();
  });
  try {
    download_tree(store, "", directory, options, stop.get_token());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Canceled);
  }
}

TEST_F(Download, TheLastReportOfProgressIsWhole) {
  for (int i = 0; i < 20; ++i) upload_bytes(*memory, "0123456789", "k" + std::to_string(i), {});
  TransferProgress last;
  options.on_progress = [&](const TransferProgress& progress) { last = progress; };
  download(*memory);
  EXPECT_TRUE(last.listed);
  EXPECT_EQ(last.files_done, 20u);
  EXPECT_EQ(last.files_total, 20u);
  EXPECT_EQ(last.bytes_done, 200u);
  EXPECT_EQ(last.bytes_total, 200u);
}

TEST_F(Download, AListingThatGoesInCirclesIsCaught) {
  class Circling final : public ObjectStore {
   public:
    const std::string& description() const override { return name_; }
    std::optional<ObjectInfo> head(const std::string&, std::stop_token) override { return {}; }
    ObjectInfo get(const std::string&, const std::optional<ByteRange>&, const std::string&,
                   const Sink&, std::stop_token) override {
      return {};
    }
    ObjectInfo put(const std::string&, Source&, std::stop_token) override { return {}; }
    ListPage list(const std::string&, const std::string&, std::stop_token) override {
      return {{}, "again"};
    }
    std::uint64_t discard_unfinished(const std::string&, std::stop_token) override { return 0; }
    void remove(const std::string&, std::stop_token) override {}

   private:
    std::string name_ = "circle";
  } store;
  EXPECT_EQ(error_of(store).kind(), ErrorKind::Corrupt);
}

// Whatever a listing says, page by page.
class Told final : public ObjectStore {
 public:
  using Pages = std::function<ListPage(unsigned nth)>;
  Told(ObjectStore& inner, Pages pages) : inner_(inner), pages_(std::move(pages)) {}
  const std::string& description() const override { return inner_.description(); }
  std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) override {
    return inner_.head(key, std::move(stop));
  }
  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token stop) override {
    return inner_.get(key, range, if_match, sink, std::move(stop));
  }
  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) override {
    return inner_.put(key, source, std::move(stop));
  }
  ListPage list(const std::string&, const std::string&, std::stop_token) override {
    return pages_(listed_++);
  }
  std::uint64_t discard_unfinished(const std::string&, std::stop_token) override { return 0; }
  void remove(const std::string&, std::stop_token) override {}

 private:
  ObjectStore& inner_;
  Pages pages_;
  unsigned listed_ = 0;
};

TEST_F(Download, AListingThatNamesAKeyTwiceIsNamedWithIt) {
  std::map<std::string, ObjectInfo> objects;
  for (const char* key : {"a", "b", "c"}) {
    objects[key] = upload_bytes(*memory, std::string("the bytes of ") + key, key, {});
  }
  const auto pages = [&](const std::vector<std::string>& keys) {
    return [&objects, keys](unsigned nth) {
      const bool last = nth + 1 == keys.size();
      return ListPage{{objects[keys[nth % keys.size()]]}, last ? "" : std::to_string(nth)};
    };
  };
  const std::string listing = "the listing of memory://bucket names the key 'a' twice";
  const std::vector<std::vector<std::string>> orders = {{"a", "a", "b"}, {"b", "a", "c", "a"}};
  for (const auto& keys : orders) {
    Told store(*memory, pages(keys));
    const Error error = error_of(store);
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_THAT(error.what(), HasSubstr(listing));
    fs::remove_all(directory);
    const auto cache = open_dataset_cache({.directory = temp.path() / "cache"});
    Told again(*memory, pages(keys));
    StageRequest request{.access = DataAccess::SharedReadOnly, .directory = directory};
    request.transfer = options;
    std::string text;
    EXPECT_EQ(kind_of([&] { cache->stage(again, request, {}); }, &text), ErrorKind::Corrupt);
    EXPECT_THAT(text, HasSubstr(listing));
    fs::remove_all(directory);
  }
}

TEST_F(Download, PagesThatComeAgainAndAgainAreCaught) {
  const std::vector<std::string> keys = {"a", "b", "c", "d", "e"};
  for (const std::string& key : keys) upload_bytes(*memory, key, key, {});
  Told store(*memory, [&](unsigned nth) {
    return ListPage{{*memory->head(keys[nth < 2 ? nth : 2 + nth % 3], {})}, std::to_string(nth)};
  });
  EXPECT_THAT(error_of(store).what(), HasSubstr("twice"));
}

TEST_F(Download, PagesWithoutAnObjectForEverAreCaught) {
  Told store(*memory, [](unsigned nth) { return ListPage{{}, std::to_string(nth)}; });
  const Error error = error_of(store);
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_THAT(error.what(), HasSubstr("the listing of memory://bucket goes on"));
}

TEST_F(Download, AListingThatNoDiskCouldHoldIsNotReadToItsEnd) {
  const auto endless = [](unsigned nth) {
    if (nth == 100) throw Error(ErrorKind::Internal, "still listed");
    const std::string key = std::to_string(nth);
    return ListPage{{{key, std::uint64_t(1) << 58, "etag"}}, key};
  };
  Told store(*memory, endless);
  const Error error = error_of(store);
  EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
  EXPECT_THAT(error.what(), HasSubstr("must stay free"));
  const auto cache = open_dataset_cache({.directory = temp.path() / "cache"});
  Told again(*memory, endless);
  const StageRequest request{.directory = temp.path() / "not/there", .transfer = options};
  EXPECT_EQ(kind_of([&] { cache->stage(again, request, {}); }), ErrorKind::Exhausted);
}

TEST_F(Download, UploadsInPartsAreVerifiedByTheirParts) {
  FakeS3Store fake;
  S3Options store_options = fake.store_options();
  store_options.part_size = 5u << 20;
  auto store = fake.open(store_options);
  const std::string bytes = some_bytes(37u << 20);
  upload_bytes(*store, bytes, "large", {});
  upload_bytes(*store, bytes.substr(0, 11u << 20), "middle", {});
  std::atomic<unsigned> damaged{0};
  fake.server->script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    const bool third = request.headers.get("Range") == "bytes=10485760-15728639";
    const bool middle = request.url.ends_with("/middle") && request.method == "GET";
    if ((!third && !middle) || damaged++ >= 2) return std::nullopt;
    return Fault{.corrupt_answer = true};
  };
  download(*store);
  EXPECT_EQ(tree(directory).at("large"), bytes);
  EXPECT_EQ(tree(directory).at("middle"), bytes.substr(0, 11u << 20));
  EXPECT_GE(damaged, 2u);
}

// The stores keep a checksum of each object, and damage shows by it, in one part and in many.
class DownloadByChecksum : public Download {
 protected:
  // ETags that prove nothing, so that only the checksum can.
  std::unique_ptr<FakeS3Store> fake =
      std::make_unique<FakeS3Store>(FakeS3::Options{.kms = true, .checksums = true});
  std::unique_ptr<ObjectStore> store = fake->open(fake->store_options());
  std::string large = some_bytes(41u << 20);

  void damage(const std::string& range_or_key, unsigned times) {
    fake->server->script = [=, left = times](const http::ClientRequest& request,
                                             unsigned) mutable -> std::optional<Fault> {
      const bool hit = request.method == "GET" && (request.headers.get("Range") == range_or_key ||
                                                   request.url.ends_with("/" + range_or_key));
      if (!hit || left == 0) return std::nullopt;
      --left;
      return Fault{.corrupt_answer = true};
    };
  }
};

TEST_F(DownloadByChecksum, ADamagedRangeIsFetchedAgain) {
  fake->server->put("large", large);
  damage("bytes=16777216-33554431", 2);
  download(*store);
  EXPECT_TRUE(tree(directory).at("large") == large);
}

TEST_F(DownloadByChecksum, ADamagedWholeIsFetchedAgain) {
  fake->server->put("small", "0123456789");
  damage("small", 2);
  download(*store);
  EXPECT_EQ(tree(directory).at("small"), "0123456789");
}

TEST_F(DownloadByChecksum, ARangeThatStaysDamagedFailsTheDownload) {
  fake->server->put("large", large);
  damage("bytes=33554432-42991615", 3);
  const Error error = error_of(*store);
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_THAT(error.what(), HasSubstr("fetch 'large'"));
}

TEST_F(DownloadByChecksum, EveryObjectCountsAsVerified) {
  fake->server->put("large", large);
  fake->server->put("small", "0123456789");
  download(*store);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("no checksum"))));
  EXPECT_THAT(lines, Contains(HasSubstr("each verified")));
}

// What comes after an answer that broke off has no checksum with it: head() is asked.
TEST_F(DownloadByChecksum, AnAnswerThatBrokeOffIsVerifiedAllTheSame) {
  fake->server->put("small", "0123456789");
  auto retrying = make_retrying(fake->open(fake->store_options()),
                                {.attempts = 3, .base = Milliseconds(0)}, fake->clock);
  fake->server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method != "GET" || !request.url.ends_with("/small")) return std::nullopt;
    if (request.headers.get("Range")) return Fault{.corrupt_answer = true};
    return Fault{.cut_after = 4};
  };
  EXPECT_EQ(error_of(*retrying).kind(), ErrorKind::Corrupt);
}

// The listing names a checksum that the store then does not give: the ETag must do.
TEST_F(DownloadByChecksum, WithoutThePromisedChecksumTheETagIsChecked) {
  FakeS3Store plain({.checksums = true, .only_lists_checksums = true});
  plain.server->put("small", "0123456789");
  plain.server->put("large", large);
  auto opened = plain.open(plain.store_options());
  std::atomic<unsigned> damaged{0};
  plain.server->script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (!request.url.ends_with("/small") && !request.url.ends_with("/large")) return std::nullopt;
    const bool first = request.method == "GET" && damaged++ < 2;
    return first ? std::optional(Fault{.corrupt_answer = true}) : std::nullopt;
  };
  download(*opened);
  EXPECT_EQ(tree(directory).at("small"), "0123456789");
  EXPECT_TRUE(tree(directory).at("large") == large);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("no checksum"))));
}

TEST_F(Download, WhatTheStoreVouchesForByLengthOnlyIsSaid) {
  FakeS3Store fake({.kms = true});
  fake.server->put("k", "0123456789", "0123456789abcdef0123456789abcdef");
  auto store = fake.open(fake.store_options());
  download(*store);
  EXPECT_THAT(lines, Contains(HasSubstr("of 1 file of them the store gives no checksum")));
}

TEST_F(Download, AnUploadInUnevenPartsIsNoDamage) {
  FakeS3Store fake;
  const std::string bytes = some_bytes(18u << 20);
  const auto mib = [&](std::size_t from, std::size_t count) {
    return bytes.substr(from << 20, count << 20);
  };
  fake.server->put_in_parts("k", {mib(0, 6), mib(6, 7), mib(13, 5)});
  auto store = fake.open(fake.store_options());
  download(*store);
  EXPECT_TRUE(tree(directory).at("k") == bytes);
  EXPECT_THAT(lines, Contains(HasSubstr("of 1 file of them the store gives no checksum")));
}

TEST(Etag, IsOfTheWholeOrOfTheParts) {
  EtagHasher whole, parts(4);
  for (const char* piece : {"01", "234567", "89"}) {
    whole.update(piece);
    parts.update(piece);
  }
  EXPECT_EQ(whole.finish(), to_hex(digest(Digest::Md5, "0123456789")));
  const std::string digests =
      digest(Digest::Md5, "0123") + digest(Digest::Md5, "4567") + digest(Digest::Md5, "89");
  EXPECT_EQ(parts.finish(), to_hex(digest(Digest::Md5, digests)) + "-3");
  EtagHasher exact(5);
  exact.update("01234");
  exact.update("56789");
  EXPECT_TRUE(exact.finish().ends_with("-2"));
}

TEST(Etag, TellsHowManyPartsAndGuessesTheirSize) {
  EXPECT_EQ(parts_of_etag("d41d8cd98f00b204e9800998ecf8427e-12"), 12u);
  EXPECT_FALSE(parts_of_etag("d41d8cd98f00b204e9800998ecf8427e"));
  EXPECT_FALSE(parts_of_etag("something-else"));
  EXPECT_EQ(guess_part_size(64u << 20, 8), 8u << 20);
  EXPECT_EQ(guess_part_size(64u << 20, 4), 16u << 20);
  EXPECT_EQ(guess_part_size(20u << 20, 2), 16u << 20);
  EXPECT_EQ(guess_part_size(64u << 20, 9999), 0u);
}

TEST(Etag, LosesItsQuotes) {
  EXPECT_EQ(without_quotes("\"abc\""), "abc");
  EXPECT_EQ(without_quotes("W/\"abc\""), "abc");
  EXPECT_EQ(without_quotes("abc"), "abc");
  EXPECT_EQ(without_quotes("\""), "\"");
}

TEST(FetchPlan, SplitsLargeObjectsAtTheEdgesOfTheirParts) {
  const ObjectInfo plain{"k", 100u << 20, "d41d8cd98f00b204e9800998ecf8427e", {}, 0};
  EXPECT_EQ(plan_fetch(plain, {}).parts, 7u);
  const ObjectInfo middle{"k", 64u << 20, "d41d8cd98f00b204e9800998ecf8427e", {}, 0};
  EXPECT_EQ(plan_fetch(middle, {}).parts, 4u);
  EXPECT_EQ(plan_fetch(middle, {}, OthersWait::Yes).parts, 1u);
  EXPECT_EQ(plan_fetch(plain, {}, OthersWait::Yes).parts, 7u);
  const ObjectInfo uploaded{"k", 100u << 20, "d41d8cd98f00b204e9800998ecf8427e-13", {}, 0};
  EXPECT_EQ(plan_fetch(uploaded, {}).part_size, 8u << 20);
  EXPECT_TRUE(plan_fetch(uploaded, {}).etag_part_size_is_guess);
  ObjectInfo told = uploaded;
  told.part_size = 8u << 20;
  EXPECT_EQ(plan_fetch(uploaded, told).parts, 13u);
  EXPECT_FALSE(plan_fetch(uploaded, told).etag_part_size_is_guess);
}

TEST(FetchPlan, AChecksumNeedsNoPartsOfTheETag) {
  ObjectInfo listed{"k", 100u << 20, "d41d8cd98f00b204e9800998ecf8427e-13", {}, 0};
  listed.checksum = Checksum{ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject, ""};
  EXPECT_TRUE(asks_for_head(listed));
  ObjectInfo told = listed;
  told.checksum->value = "AAAAAAAAAAA=";
  EXPECT_EQ(plan_fetch(listed, told).part_size, 16u << 20);
  EXPECT_EQ(plan_fetch(listed, told).checksum, told.checksum);
  told.checksum->algorithm = ChecksumAlgorithm::Sha256;  // cannot be made of ranges
  EXPECT_FALSE(plan_fetch(listed, told).checksum);
  EXPECT_EQ(plan_fetch(listed, told).part_size, 8u << 20);
  listed.size = 1000;
  EXPECT_FALSE(asks_for_head(listed));
  EXPECT_EQ(plan_fetch(listed, {}).checksum, listed.checksum);
}

}  // namespace
}  // namespace trainyard::objectstore
