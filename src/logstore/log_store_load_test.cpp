// Learners and followers at once, and a service that is killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <span>
#include <thread>

#include "base/fd.hpp"
#include "base/files.hpp"
#include "logstore/log_store.hpp"

namespace trainyard::logstore {
namespace {

using model::RunId;

RunId run(char last) { return RunId::parse(std::string("training-DOl4q2Lk") + last).value(); }

class LogStoreUnderLoad : public testing::Test {
 protected:
  TempDir dir_;
  fs::path path_ = dir_.path() / "logs";
  std::unique_ptr<LogStore> store_ = open_log_store(path_);
  const RunId id_ = run('R');
};

// ---- threads
// -------------------------------------------------------------------------------------

TEST_F(LogStoreUnderLoad, LearnersAndFollowersAtOnceSeeEveryByteOnce) {
  constexpr int kRuns = 6;
  constexpr int kLines = 300;
  std::vector<std::jthread> threads;
  std::array<std::string, kRuns> followed;
  for (int i = 0; i < kRuns; ++i) {
    const RunId id = run(static_cast<char>('a' + i));
    threads.emplace_back([this, id] {  // sends every piece twice, as after a lost answer
      std::uint64_t offset = 0;
      for (int line = 0; line < kLines; ++line) {
        const std::string text = "line " + std::to_string(line) + "\n";
        const auto size = store_->append(id, Stream::Training, offset, text);
        store_->append(id, Stream::Training, offset, text);
        offset = size;
      }
      store_->seal(id);
    });
    threads.emplace_back([this, id, &text = followed[static_cast<std::size_t>(i)]] {
      std::atomic<std::uint64_t> wakes = 0;
      const auto subscription = store_->subscribe(id, [&] {
        ++wakes;
        wakes.notify_one();
      });
      for (std::uint64_t seen = 0;; wakes.wait(seen)) {
        seen = wakes;
        const bool last = store_->sealed(id);
        text += store_->read(id, Stream::Training, text.size(), 1 << 20);
        if (last) return;
      }
    });
  }
  threads.clear();
  std::string expected;
  for (int line = 0; line < kLines; ++line) expected += "line " + std::to_string(line) + "\n";
  for (const std::string& text : followed) EXPECT_EQ(text, expected);
}

TEST_F(LogStoreUnderLoad, WritersOfOneStreamAtOnceLoseAndDoubleNothing) {
  const std::string text(2000, 'x');
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t size = 0; size < text.size();) {
        size = store_->append(id_, Stream::Training, size, std::string_view(text).substr(size, 7));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(store_->read(id_, Stream::Training, 0, 1 << 20), text);
}

TEST_F(LogStoreUnderLoad, NoWakeAfterTheEndOfItsSubscription) {
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (std::uint64_t size = 0; !stop;) size = store_->append(id_, Stream::Training, size, "x");
  });
  for (int i = 0; i < 200; ++i) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto subscription = store_->subscribe(id_, [flag = alive.get()] { EXPECT_TRUE(*flag); });
    std::this_thread::yield();
    subscription.reset();
    *alive = false;
    alive.reset();  // a late wake would read freed memory
  }
  stop = true;
}

// ---- kill -9
// -------------------------------------------------------------------------------------

TEST_F(LogStoreUnderLoad, AcknowledgedBytesSurviveAKillAndTheStreamGoesOn) {
  Pipe pipe = make_pipe();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = open_log_store(path_);
    for (std::uint64_t size = 0;;) {
      size = store->append(id_, Stream::Training, size, "0123456789");
      write_all(pipe.write, ".");
    }
  }
  pipe.write.reset();
  std::uint64_t acknowledged = 0;
  char buffer[512];
  while (acknowledged < 5000) {
    acknowledged += read_some(pipe.read, std::as_writable_bytes(std::span(buffer)));
  }
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  while (const auto count = read_some(pipe.read, std::as_writable_bytes(std::span(buffer)))) {
    acknowledged += count;
  }
  const std::uint64_t size = store_->size(id_, Stream::Training);
  EXPECT_GE(size, acknowledged * 10);
  const std::string digits = "0123456789";
  const std::string rest = digits.substr(size % 10) + digits;
  EXPECT_EQ(store_->append(id_, Stream::Training, size, rest), size + rest.size());
  const std::string text = store_->read(id_, Stream::Training, 0, 1 << 30);
  for (std::size_t i = 0; i < text.size(); ++i) ASSERT_EQ(text[i], digits[i % 10]) << i;
}

}  // namespace
}  // namespace trainyard::logstore
