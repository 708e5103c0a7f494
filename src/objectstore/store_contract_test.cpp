// What every store must do, over all of them.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/fake_swift.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

struct Opened {
  std::unique_ptr<FakeS3Store> fake;
  std::unique_ptr<ServedGateway> gateway;
  std::unique_ptr<FakeSwiftStore> fake_swift;
  std::unique_ptr<ObjectStore> store;
};

struct Kind {
  const char* name;
  Opened (*open)();  // a store of nullptr: not here
};

Opened open_memory() {
  return {nullptr, nullptr, nullptr, make_memory_store({.description = "m", .page_size = 3})};
}

Opened open_fake(FakeS3::Options options) {
  options.page = 3;
  auto fake = std::make_unique<FakeS3Store>(options);
  S3Options store_options = fake->store_options();
  store_options.part_size = 1000;
  auto store = fake->open(store_options);
  return {std::move(fake), nullptr, nullptr, std::move(store)};
}

Opened open_gateway() {
  auto gateway = std::make_unique<ServedGateway>();
  auto store = gateway->open();
  return {nullptr, std::move(gateway), nullptr, std::move(store)};
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
  return {nullptr, nullptr, std::move(fake), std::move(store)};
}

Opened below_a_prefix(std::unique_ptr<ObjectStore> store) {
  return {nullptr, nullptr, nullptr,
          std::make_unique<PrefixedStore>(std::move(store), "contract-" + random_hex(6) + "/")};
}

Opened open_s3_of_the_environment() {
  const auto reference = s3_of_the_environment();
  return reference ? below_a_prefix(open_store(*reference)) : Opened{};
}

Opened open_swift_of_the_environment() {
  static SystemClock clock;
  const auto reference = swift_of_the_environment();
  if (!reference) return {};
  const auto& connection = std::get<model::SwiftConnection>(reference->connection);
  return below_a_prefix(
      open_swift(small(swift_options(connection, reference->bucket)), http::make_client(), clock));
}

const Kind kKinds[] = {
    {"Memory", open_memory},
    {"S3", [] { return open_fake({}); }},
    {"S3IgnoringVersion2", [] { return open_fake({.version2 = false, .url_encodes = false}); }},
    {"S3RefusingVersion2", [] { return open_fake({.refuses_version2 = true}); }},
    {"Gateway", open_gateway},
    {"Swift", open_fake_swift},
    {"S3OfTheEnvironment", open_s3_of_the_environment},
    {"SwiftOfTheEnvironment", open_swift_of_the_environment},
};

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  ErrorKind error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      return e.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::Internal;
  }
  std::string range(const std::string& key, ByteRange range, const std::string& if_match = {}) {
    std::string got;
    store->get(key, range, if_match, [&](std::string_view bytes) { got += bytes; }, {});
    return got;
  }

  void SetUp() override {
    if (!opened.store) GTEST_SKIP() << "see served_store_fixture.hpp";
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
  std::string bytes;
  for (int i = 0; bytes.size() < 12'345; ++i) bytes += std::to_string(i) + " ";
  const ObjectInfo put = upload_bytes(*store, bytes, "large", {});
  EXPECT_EQ(put.size, bytes.size());
  EXPECT_EQ(download_bytes(*store, "large", 1 << 20), bytes);
  EXPECT_EQ(store->head("large", {})->etag, put.etag);
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
  EXPECT_EQ(error_of([&] { range("k", {0, 3}, etag); }), ErrorKind::Conflict);
}

TEST_P(StoreContract, MissingObjects) {
  EXPECT_FALSE(store->head("nothing", {}));
  EXPECT_EQ(error_of([&] { download_bytes(*store, "nothing", 9); }), ErrorKind::NotFound);
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
  std::vector<std::string> listed;
  std::string next;
  do {
    const ListPage page = store->list("", next, {});
    for (const ObjectInfo& info : page.objects) {
      listed.push_back(info.key);
      EXPECT_EQ(info.size, info.key.size());
      EXPECT_EQ(info.etag, to_hex(digest(Digest::Md5, info.key)));
    }
    next = page.next;
  } while (!next.empty());
  std::vector<std::string> expected = keys;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(listed, expected);
  for (const std::string& key : keys) EXPECT_EQ(download_bytes(*store, key, 100), key);
}

TEST_P(StoreContract, ListsBelowAPrefix) {
  for (const char* key : {"train", "train/1", "train/2", "trainer", "test/1"}) {
    upload_bytes(*store, "x", key, {});
  }
  const ListPage page = store->list("train/", "", {});
  ASSERT_EQ(page.objects.size(), 2u);
  EXPECT_EQ(page.objects[0].key, "train/1");
  EXPECT_EQ(page.objects[1].key, "train/2");
  EXPECT_EQ(page.next, "");
  EXPECT_TRUE(store->list("none/", "", {}).objects.empty());
}

TEST_P(StoreContract, AThrowingSinkEndsTheRead) {
  upload_bytes(*store, "0123456789", "k", {});
  EXPECT_EQ(error_of([&] {
              store->get("k", std::nullopt, {},
                         [](std::string_view) { throw Error(ErrorKind::Exhausted, "full"); }, {});
            }),
            ErrorKind::Exhausted);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace trainyard::objectstore
