// What every store must do, over all of them.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/fake_swift.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

struct Opened {
  std::unique_ptr<FakeS3Store> fake = nullptr;
  std::unique_ptr<ServedGateway> gateway = nullptr;
  std::unique_ptr<FakeSwiftStore> fake_swift = nullptr;
  std::unique_ptr<ObjectStore> store = nullptr;
  std::size_t large = 12'345;     // bytes that go in several parts
  bool lists_large_right = true;  // Ceph's Swift interface lists the manifest instead
  bool any_key = true;            // also those with control characters
  bool keeps_checksums = false;   // of every object, whole
  bool names_segments = false;    // of a large object
};

struct Kind {
  const char* name;
  Opened (*open)();
};

Opened open_memory() {
  return {.store = make_memory_store({"m", 3, ChecksumAlgorithm::Crc32c}), .keeps_checksums = true};
}

Opened open_fake(FakeS3::Options options) {
  options.page = 3;
  auto fake = std::make_unique<FakeS3Store>(options);
  S3Options store_options = fake->store_options();
  store_options.part_size = 1000;
  auto store = fake->open(store_options);
  return {.fake = std::move(fake),
          .store = std::move(store),
          .any_key = options.url_encodes,
          .keeps_checksums = options.checksums};
}

SystemClock& system_clock() {
  static SystemClock clock;
  return clock;
}

// Real servers take no smaller parts.
constexpr std::uint64_t kLeastPart = 5u << 20;

std::unique_ptr<ObjectStore> open_real_s3(const model::StoreReference& reference) {
  S3Options options =
      s3_options(std::get<model::S3Connection>(reference.connection), reference.bucket);
  options.part_size = kLeastPart;
  return open_s3(std::move(options), http::make_client(), system_clock());
}

Opened open_gateway() {
  auto gateway = std::make_unique<ServedGateway>();
  auto store = open_real_s3(gateway->reference());
  return {.gateway = std::move(gateway),
          .store = std::move(store),
          .large = 2 * kLeastPart + 1,
          .keeps_checksums = true};
}

SwiftOptions small(SwiftOptions options) {
  options.page_size = 3;
  options.single_limit = 4000;
  options.segment_size = 3000;
  return options;
}

Opened open_fake_swift() {
  auto fake = std::make_unique<FakeSwiftStore>();
  auto store = fake->open(small(fake->options()));
  return {.fake_swift = std::move(fake), .store = std::move(store), .names_segments = true};
}

std::unique_ptr<ObjectStore> below_a_prefix(std::unique_ptr<ObjectStore> store) {
  return std::make_unique<PrefixedStore>(std::move(store), "contract-" + random_hex(6) + "/");
}

Opened open_s3_of_the_environment() {
  return {.store = below_a_prefix(open_real_s3(*s3_of_the_environment())),
          .large = 2 * kLeastPart + 1};
}

Opened open_swift_of_the_environment() {
  const auto reference = *swift_of_the_environment();
  const auto& connection = std::get<model::SwiftConnection>(reference.connection);
  return {
      .store = below_a_prefix(open_swift(small(swift_options(connection, reference.bucket)),
                                         http::make_client(), system_clock())),
      .lists_large_right = !connection.auth_url.ends_with("/auth/1.0"),
      .names_segments = !connection.auth_url.ends_with("/auth/1.0"),
  };
}

std::vector<Kind> kinds() {
  std::vector<Kind> kinds{
      {"Memory", open_memory},
      {"S3", [] { return open_fake({}); }},
      {"S3WithChecksums", [] { return open_fake({.checksums = true}); }},
      {"S3IgnoringVersion2", [] { return open_fake({.version2 = false, .url_encodes = false}); }},
      {"S3RefusingVersion2", [] { return open_fake({.refuses_version2 = true}); }},
      {"Gateway", open_gateway},
      {"Swift", open_fake_swift},
  };
  if (s3_of_the_environment()) kinds.push_back({"S3OfTheEnvironment", open_s3_of_the_environment});
  if (swift_of_the_environment()) {
    kinds.push_back({"SwiftOfTheEnvironment", open_swift_of_the_environment});
  }
  return kinds;
}

// "0 1 2 3 …"
std::string numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + " ";
  text.resize(size);
  return text;
}

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  std::string range(const std::string& key, ByteRange range, const std::string& if_match = {}) {
    std::string got;
    store->get(key, range, if_match, [&](std::string_view bytes) { got += bytes; }, {});
    return got;
  }

  Opened opened = GetParam().open();
  ObjectStore* store = opened.store.get();
};

TEST_P(StoreContract, GivesBackWhatWasPut) {
  const ObjectInfo put = upload_bytes(*store, "hello", "a/b", {});
  EXPECT_EQ(put.size, 5u);
  EXPECT_EQ(put.md5, to_hex(digest(Digest::Md5, "hello")));
  EXPECT_EQ(download_bytes(*store, "a/b", 100), "hello");
  const auto head = store->head("a/b", {});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->size, 5u);
  EXPECT_EQ(head->etag, put.etag);
  EXPECT_EQ(head->md5, put.md5);
}

TEST_P(StoreContract, PutReplacesAndAnEmptyObjectIsOne) {
  upload_bytes(*store, "old and longer", "k", {});
  upload_bytes(*store, "", "k", {});
  EXPECT_EQ(store->head("k", {})->size, 0u);
  EXPECT_EQ(download_bytes(*store, "k", 100), "");
}

TEST_P(StoreContract, PutsLargeSourcesWhole) {
  const std::string bytes = numbers(opened.large);
  const ObjectInfo put = upload_bytes(*store, bytes, "large", {});
  EXPECT_EQ(put.size, bytes.size());
  EXPECT_TRUE(download_bytes(*store, "large", bytes.size()) == bytes);
  EXPECT_EQ(store->head("large", {})->etag, put.etag);
  store->remove("large", {});
  EXPECT_FALSE(store->head("large", {}));
}

TEST_P(StoreContract, ALargeObjectIsListedAsItIsRead) {
  if (!opened.lists_large_right) GTEST_SKIP() << "this server lists the manifest of a large object";
  const std::string bytes = numbers(opened.large);
  upload_bytes(*store, bytes, "large", {});
  const ListPage page = store->list("", "", {});
  ASSERT_EQ(page.objects.size(), 1u);
  const ObjectInfo& listed = page.objects.front();
  EXPECT_EQ(listed.size, bytes.size());
  const std::uint64_t begin = bytes.size() / 5;  // over the border of two parts
  EXPECT_TRUE(range("large", {begin, bytes.size() / 2}, listed.etag) ==
              bytes.substr(begin, bytes.size() / 2));
  upload_bytes(*store, bytes + "!", "large", {});
  EXPECT_EQ(kind_of([&] { range("large", {begin, 10}, listed.etag); }), ErrorKind::Conflict);
}

// A checksum that a store gives is that of the whole object, and the listing names its kind.
TEST_P(StoreContract, ChecksumsAreOfTheWholeObject) {
  const std::string large = numbers(opened.large);
  upload_bytes(*store, "hello", "a", {});
  upload_bytes(*store, large, "b", {});
  Listing listing;
  list_all(*store, "", listing, {}, {});
  ASSERT_EQ(listing.size(), 2u);
  for (const ListedObject& object : listing) {
    const ObjectInfo listed = object.info();
    const std::string bytes = listed.key == "a" ? "hello" : large;
    const auto head = store->head(listed.key, {});
    const ObjectInfo got = store->get(listed.key, std::nullopt, {}, [](std::string_view) {}, {});
    const ObjectInfo part =
        store->get(listed.key, ByteRange{1, 2}, {}, [](std::string_view) {}, {});
    EXPECT_EQ(got.checksum, head->checksum) << listed.key;
    EXPECT_FALSE(part.checksum) << listed.key;
    EXPECT_TRUE(!opened.keeps_checksums || (listed.checksum && head->checksum)) << listed.key;
    EXPECT_TRUE(!listed.checksum || head->checksum) << listed.key;
    if (!head->checksum) continue;
    ChecksumState state(head->checksum->algorithm);
    state.update(bytes);
    EXPECT_EQ(*head->checksum, state.finish()) << listed.key;
    if (!listed.checksum) continue;
    EXPECT_EQ(listed.checksum->algorithm, head->checksum->algorithm);
  }
}

TEST_P(StoreContract, TheSegmentsOfALargeObjectMakeIt) {
  if (!opened.names_segments) GTEST_SKIP() << "this store names no segments";
  const std::string bytes = numbers(opened.large);
  upload_bytes(*store, bytes, "large", {});
  std::size_t at = 0;
  const auto head = store->head("large", {});
  EXPECT_GT(head->segments.size(), 1u);
  for (const ObjectSegment& segment : head->segments) {
    EXPECT_EQ(segment.md5, to_hex(digest(Digest::Md5, bytes.substr(at, segment.size))));
    at += segment.size;
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_TRUE(store->list("", "", {}).objects.front().segmented);
}

TEST_P(StoreContract, ReadsRanges) {
  const std::string etag = upload_bytes(*store, "0123456789", "k", {}).etag;
  EXPECT_EQ(range("k", {0, 1}), "0");
  EXPECT_EQ(range("k", {3, 4}, etag), "3456");
  EXPECT_EQ(range("k", {0, 10}), "0123456789");
  EXPECT_EQ(range("k", {7, ByteRange::kToEnd}), "789");
  const ObjectInfo info = store->get("k", ByteRange{2, 3}, etag, [](std::string_view) {}, {});
  EXPECT_EQ(info.size, 10u);
  EXPECT_EQ(info.etag, etag);
}

TEST_P(StoreContract, ARangeBeyondTheEndFails) {
  upload_bytes(*store, "0123456789", "k", {});
  EXPECT_THROW(range("k", {10, 1}), Error);
  EXPECT_THROW(range("k", {8, 5}), Error);
}

TEST_P(StoreContract, AReplacedObjectIsNoticed) {
  const std::string etag = upload_bytes(*store, "one", "k", {}).etag;
  upload_bytes(*store, "two", "k", {});
  EXPECT_EQ(kind_of([&] { range("k", {0, 3}, etag); }), ErrorKind::Conflict);
}

TEST_P(StoreContract, MissingObjects) {
  EXPECT_FALSE(store->head("nothing", {}));
  EXPECT_EQ(kind_of([&] { download_bytes(*store, "nothing", 9); }), ErrorKind::NotFound);
  store->remove("nothing", {});
}

TEST_P(StoreContract, RemovesOnlyWhatWasNamed) {
  upload_bytes(*store, "1", "a", {});
  upload_bytes(*store, "2", "a/b", {});
  store->remove("a", {});
  EXPECT_FALSE(store->head("a", {}));
  EXPECT_EQ(download_bytes(*store, "a/b", 9), "2");
}

TEST_P(StoreContract, ListsEveryPageInOrder) {
  const std::vector<std::string> keys = {"a",       "a b",     "a+b",       "a/b", "a//b", "b%20c",
                                         "b&<>'\"", "c?x=1#y", "d\xc3\xa9", "e",   "f",    "g"};
  for (const std::string& key : keys) upload_bytes(*store, key, key, {});
  Listing listing;
  list_all(*store, "", listing, {}, {});
  std::vector<std::string> listed;
  for (const ListedObject& object : listing) {
    const ObjectInfo info = object.info();
    listed.push_back(info.key);
    EXPECT_EQ(info.size, info.key.size());
    EXPECT_EQ(info.etag, to_hex(digest(Digest::Md5, info.key)));
  }
  std::vector<std::string> expected = keys;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(listed, expected);
  for (const std::string& key : keys) EXPECT_EQ(download_bytes(*store, key, 100), key);
}

TEST_P(StoreContract, KeepsKeysThatNoFileCouldHave) {
  if (!opened.any_key) GTEST_SKIP() << "this server does not encode the keys of its listings";
  std::vector<std::string> keys = {"..",
                                   "../up",
                                   "./x",
                                   "/lead",
                                   "a/../b",
                                   "end/",
                                   "line\nend",
                                   "tab\tstop",
                                   "\x01",
                                   "blank ",
                                   " ",
                                   "%2F",
                                   "\xf0\x9f\x98\x80",
                                   std::string(900, 'k')};
  for (const std::string& key : keys) upload_bytes(*store, key, key, {});
  Listing listing;
  list_all(*store, "", listing, {}, {});
  std::vector<std::string> listed;
  for (const ListedObject& info : listing) listed.emplace_back(info.key());
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(listed, keys);
  for (const std::string& key : keys) EXPECT_EQ(download_bytes(*store, key, 1000), key);
}

TEST_P(StoreContract, ListsBelowAPrefix) {
  for (const char* key : {"train", "train/1", "train/2", "trainer", "test/1"}) {
    upload_bytes(*store, "x", key, {});
  }
  Listing listing;
  list_all(*store, "train/", listing, {}, {});
  ASSERT_EQ(listing.size(), 2u);
  EXPECT_EQ(listing[0].key(), "train/1");
  EXPECT_EQ(listing[1].key(), "train/2");
  EXPECT_TRUE(store->list("none/", "", {}).objects.empty());
}

TEST_P(StoreContract, AThrowingSinkEndsTheRead) {
  upload_bytes(*store, "0123456789", "k", {});
  EXPECT_EQ(kind_of([&] {
              store->get("k", std::nullopt, {},
                         [](std::string_view) { throw Error(ErrorKind::Exhausted, "full"); }, {});
            }),
            ErrorKind::Exhausted);
}

// Buckets of the environment that hold TRAINYARD_TEST_LISTED objects, more than one answer can.
class LongListing : public testing::TestWithParam<model::StoreReference> {};

TEST_P(LongListing, HasEveryKeyOnceAndInOrder) {
  Listing listing;
  list_all(*open_store(GetParam()), "", listing, {}, {});
  EXPECT_EQ(std::to_string(listing.size()), environment("TRAINYARD_TEST_LISTED"));
  for (std::size_t i = 1; i < listing.size(); ++i) {
    ASSERT_LT(listing[i - 1].key(), listing[i].key());
  }
}

std::vector<model::StoreReference> long_listings() {
  std::vector<model::StoreReference> references;
  if (environment("TRAINYARD_TEST_LISTED").empty()) return references;
  if (const auto s3 = s3_of_the_environment()) references.push_back(*s3);
  if (const auto swift = swift_of_the_environment()) references.push_back(*swift);
  return references;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LongListing);
INSTANTIATE_TEST_SUITE_P(OfTheEnvironment, LongListing, testing::ValuesIn(long_listings()));

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::ValuesIn(kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace trainyard::objectstore
