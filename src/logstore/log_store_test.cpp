#include "logstore/log_store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/files.hpp"

namespace trainyard::logstore {
namespace {

class LogStoreTest : public ::testing::Test {
 protected:
  std::string all(Stream stream = Stream::Training) {
    return logs_->read(run_, stream, 0, 1 << 20);
  }
  TempDir dir_;
  std::unique_ptr<LogStore> logs_ = open_log_store(dir_.path() / "logs");
  model::RunId run_ = model::RunId::generate();
};

TEST_F(LogStoreTest, BytesAreKeptOnceWhateverIsSentAgain) {
  EXPECT_EQ(logs_->append(run_, Stream::Training, 0, "hello "), 6u);
  EXPECT_EQ(logs_->append(run_, Stream::Training, 0, "hello "), 6u);
  EXPECT_EQ(logs_->append(run_, Stream::Training, 3, "lo world"), 11u);
  EXPECT_EQ(logs_->append(run_, Stream::Training, 2, "l"), 11u);
  EXPECT_EQ(all(), "hello world");
}

TEST_F(LogStoreTest, AGapIsAConflictAndChangesNothing) {
  logs_->append(run_, Stream::Training, 0, "ab");
  try {
    logs_->append(run_, Stream::Training, 3, "d");
    FAIL() << "a gap was taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Conflict);
  }
  EXPECT_EQ(all(), "ab");
}

TEST_F(LogStoreTest, StreamsAndRunsAreApart) {
  logs_->append(run_, Stream::Training, 0, "a");
  logs_->append(run_, Stream::LoadData, 0, "b");
  logs_->append(model::RunId::generate(), Stream::Training, 0, "c");
  EXPECT_EQ(all(), "a");
  EXPECT_EQ(all(Stream::LoadData), "b");
  EXPECT_EQ(all(Stream::LoadModel), "");
  EXPECT_EQ(logs_->size(run_, Stream::LoadModel), 0u);
}

TEST_F(LogStoreTest, FindsTheLastLines) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i) + "\n";
  logs_->append(run_, Stream::Training, 0, text);
  const auto tail = [&](std::size_t lines) {
    return text.substr(logs_->offset_of_last_lines(run_, Stream::Training, lines));
  };
  EXPECT_EQ(tail(0), "");
  EXPECT_EQ(tail(1), "line 9999\n");
  EXPECT_EQ(tail(2), "line 9998\nline 9999\n");
  EXPECT_EQ(tail(5000).substr(0, 10), "line 5000\n");
  EXPECT_EQ(tail(20'000), text);
  logs_->append(run_, Stream::Training, text.size(), "unfinished");
  text += "unfinished";
  EXPECT_EQ(tail(1), "unfinished");
}

TEST_F(LogStoreTest, SealsAndContentsSurviveARestart) {
  logs_->append(run_, Stream::Training, 0, "done");
  EXPECT_FALSE(logs_->sealed(run_));
  logs_->seal(run_);
  logs_->seal(run_);
  logs_ = open_log_store(dir_.path() / "logs");
  EXPECT_TRUE(logs_->sealed(run_));
  EXPECT_EQ(all(), "done");
  logs_->remove(run_);
  logs_->remove(run_);
  EXPECT_FALSE(logs_->sealed(run_));
  EXPECT_EQ(all(), "");
}

TEST_F(LogStoreTest, FollowersAreWokenUntilTheyLeave) {
  int woken = 0;
  auto subscription = logs_->subscribe(run_, [&] { ++woken; });
  logs_->append(run_, Stream::Training, 0, "a");
  logs_->append(run_, Stream::Training, 0, "a");  // nothing new
  logs_->seal(run_);
  EXPECT_EQ(woken, 2);
  subscription.reset();
  logs_->append(run_, Stream::Training, 1, "b");
  EXPECT_EQ(woken, 2);
  auto outlives = logs_->subscribe(run_, [] {});
  logs_.reset();
  outlives.reset();
}

TEST_F(LogStoreTest, ManyThreadsAppendWithoutLossOrDoubling) {
  constexpr int kThreads = 4, kBytes = 2000;
  std::atomic<int> woken{0};
  const auto subscription = logs_->subscribe(run_, [&] { ++woken; });
  const std::string text(kBytes, 'x');
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t at = 0; at < kBytes;) {
          at = logs_->append(run_, Stream::Training, at, std::string_view(text).substr(at, 7));
        }
      });
    }
  }
  EXPECT_EQ(all(), text);
  EXPECT_GT(woken, 0);
}

TEST_F(LogStoreTest, FilesArePrivate) {
  logs_->append(run_, Stream::Training, 0, "a");
  const auto mode =
      fs::status(dir_.path() / "logs" / run_.str() / "training-log.txt").permissions();
  EXPECT_EQ(mode, fs::perms::owner_read | fs::perms::owner_write);
}

TEST(LogStream, NamesAreThoseOfTheResultsBucket) {
  EXPECT_EQ(file_name(Stream::Training), "training-log.txt");
  EXPECT_EQ(parse_stream("load-model.log"), Stream::LoadModel);
  EXPECT_EQ(parse_stream("../identity.json"), std::nullopt);
}

}  // namespace
}  // namespace trainyard::logstore
