#include "logstore/tail.hpp"

#include <gtest/gtest.h>

namespace trainyard::logstore {
namespace {

const auto kRun = model::RunId::parse("training-000000001").value();
const auto kOther = model::RunId::parse("training-000000002").value();

TEST(LogTail, KnowsWhatWasAppendedLast) {
  Tail tail;
  EXPECT_FALSE(tail.read(kRun, Stream::Training, 0, 10));
  tail.appended(kRun, Stream::Training, 100, "hello");
  EXPECT_EQ(tail.read(kRun, Stream::Training, 100, 10), "hello");
  EXPECT_EQ(tail.read(kRun, Stream::Training, 102, 2), "ll");
  EXPECT_EQ(tail.read(kRun, Stream::Training, 105, 10), "");
  EXPECT_EQ(tail.read(kRun, Stream::Training, 1000, 10), "");
  EXPECT_FALSE(tail.read(kRun, Stream::Training, 99, 10));
  EXPECT_FALSE(tail.read(kRun, Stream::Metrics, 100, 10));
  EXPECT_FALSE(tail.read(kOther, Stream::Training, 100, 10));
}

TEST(LogTail, OfManyBytesItKeepsTheLast) {
  Tail tail;
  tail.appended(kRun, Stream::Training, 10,
                std::string(5, 'a') + std::string(Tail::kMostBytes, 'b'));
  EXPECT_FALSE(tail.read(kRun, Stream::Training, 14, 1));
  EXPECT_EQ(tail.read(kRun, Stream::Training, 15, 1 << 20), std::string(Tail::kMostBytes, 'b'));
}

TEST(LogTail, ForgetsARunAndNoOther) {
  Tail tail;
  tail.appended(kRun, Stream::Training, 0, "a");
  tail.forget(kOther);
  EXPECT_TRUE(tail.is_of(kRun));
  EXPECT_TRUE(tail.read(kRun, Stream::Training, 0, 1));
  tail.forget(kRun);
  EXPECT_FALSE(tail.read(kRun, Stream::Training, 0, 1));
  EXPECT_FALSE(tail.is_of(kRun));
}

}  // namespace
}  // namespace trainyard::logstore
