#include "objectstore/object_fetch.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Verdict = ObjectFetch::Verdict;

std::string md5_hex(std::string_view bytes) { return to_hex(digest(Digest::Md5, bytes)); }

void hash(const ObjectFetch::Messages& messages) {
  std::deque<std::shared_ptr<Md5Message>> left(messages.begin(), messages.end());
  md5_all([&]() -> std::shared_ptr<Md5Message> {
    if (left.empty()) return nullptr;
    auto first = std::move(left.front());
    left.pop_front();
    return first;
  });
}

class Fetch : public testing::Test {
 protected:
  void begin(const std::string& bytes, FetchPlan plan) {
    object = upload_bytes(*store, bytes, "k", {});
    object.key = "k";
    begin_with(std::move(plan));
  }
  void begin_with(FetchPlan plan) {
    Fd file = open_file(temp.path() / "k", O_CREAT | O_TRUNC | O_RDWR, 0644);
    fetch = std::make_shared<ObjectFetch>(object, std::move(plan), std::move(file),
                                          stop.get_token(), [&](const auto&) { ++completed; });
  }
  ObjectFetch::Messages part(std::size_t index) { return fetch->fetch_part(*store, index, meter); }

  TempDir temp{"trainyard-"};
  std::unique_ptr<ObjectStore> store = make_memory_store({});
  ProgressMeter meter{{}};
  std::stop_source stop;
  ObjectInfo object;
  std::shared_ptr<ObjectFetch> fetch;
  unsigned completed = 0;
};

TEST_F(Fetch, HashesASegmentOnceAllOfItIsThere) {
  FetchPlan plan{2, 6};
  plan.segments = {{3, md5_hex("aaa")}, {0, ""}, {5, md5_hex("bbbbb")}, {1, ""}, {2, "wrong"}};
  begin("aaabbbbb-cc", plan);
  EXPECT_THAT(part(2), IsEmpty());
  EXPECT_THAT(part(0), IsEmpty());
  const auto first = part(1);
  EXPECT_THAT(first, SizeIs(1));
  const auto second = part(3);
  EXPECT_THAT(second, SizeIs(1));
  EXPECT_THAT(part(4), IsEmpty());
  const auto third = part(5);
  EXPECT_THAT(third, SizeIs(1));
  hash(first);
  hash(third);
  EXPECT_EQ(completed, 0u);
  hash(second);
  EXPECT_EQ(completed, 1u);
  EXPECT_EQ(fetch->verify(), Verdict::Damaged);
}

TEST_F(Fetch, ASegmentOfUnknownBytesLeavesTheLength) {
  FetchPlan plan{4, 2};
  plan.segments = {{3, md5_hex("aaa")}, {0, ""}, {2, ""}};
  begin("aaabb", plan);
  hash(part(0));
  hash(part(1));
  EXPECT_EQ(completed, 1u);
  EXPECT_EQ(fetch->verify(), Verdict::Unverifiable);
  plan.segments.pop_back();
  plan.segments.push_back({2, md5_hex("bb")});
  begin_with(plan);
  hash(part(0));
  hash(part(1));
  EXPECT_EQ(fetch->verify(), Verdict::Verified);
}

TEST_F(Fetch, OneMd5TakesThePartsInOrderAndOnlyOneHandsItOut) {
  std::string bytes;
  for (int i = 0; i < 40'000; ++i) bytes += std::to_string(i);
  begin(bytes, {64 * 1024, (bytes.size() + 65535) / 65536});
  ASSERT_EQ(fetch->plan().parts, 3u);
  EXPECT_TRUE(fetch->hashes_in_order());
  EXPECT_THAT(part(1), IsEmpty());
  const auto message = part(0);
  EXPECT_THAT(message, SizeIs(1));
  EXPECT_THAT(part(2), IsEmpty());  // whoever has it in hand goes on with that
  hash(message);
  EXPECT_EQ(completed, 1u);
  EXPECT_EQ(fetch->verify(), Verdict::Verified);
}

TEST_F(Fetch, AMessageThatHadToWaitIsGivenAgain) {
  begin(std::string(10'000, 'x'), {4096, 3});
  hash(part(0));
  EXPECT_EQ(completed, 0u);
  EXPECT_THAT(part(2), IsEmpty());
  hash(part(1));
  EXPECT_EQ(completed, 1u);
  EXPECT_EQ(fetch->verify(), Verdict::Verified);
}

TEST_F(Fetch, CanStartAgain) {
  begin("0123456789", {6, 2});
  for (unsigned attempt = 1; attempt <= 2; ++attempt) {
    hash(part(1));
    hash(part(0));
    EXPECT_EQ(completed, attempt);
    EXPECT_EQ(fetch->attempts(), attempt);
    EXPECT_EQ(fetch->verify(), Verdict::Verified);
    if (attempt == 1) fetch->start_again();
  }
}

TEST_F(Fetch, HashingStopsWhenItIsAsked) {
  begin(std::string(10'000, 'x'), {10'000, 1});
  const auto message = part(0);
  stop.request_stop();
  std::string text;
  EXPECT_EQ(kind_of([&] { hash(message); }, &text), ErrorKind::Canceled);
  EXPECT_THAT(text, testing::HasSubstr("fetch 'k'"));
}

TEST(FetchPlan, WithoutAnETagAllComesInOneRequest) {
  EXPECT_EQ(plan_fetch({.key = "k", .size = 100u << 20}, {}).parts, 1u);
  EXPECT_GT(plan_fetch({.key = "k", .size = 100u << 20, .etag = "e"}, {}).parts, 1u);
}

}  // namespace
}  // namespace trainyard::objectstore
