#include "base/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace trainyard {
namespace {

// What `fn` writes to standard error; short enough for the pipe.
template <typename Fn>
std::string stderr_of(Fn&& fn) {
  Pipe pipe = make_pipe();
  const Fd saved(::dup(2));
  ::dup2(pipe.write.get(), 2);
  fn();
  ::dup2(saved.get(), 2);
  pipe.write.reset();
  std::array<std::byte, 4096> buffer;
  const std::size_t n = read_some(pipe.read, buffer);
  return std::string(reinterpret_cast<const char*>(buffer.data()), n);
}

TEST(Log, LineHasUtcTimeLevelAndMessage) {
  const std::string line = stderr_of([] { log::warn("{} of {} slots busy", 3, 4); });
  ASSERT_GT(line.size(), 24u);
  EXPECT_TRUE(parse_time(line.substr(0, 24))) << line;
  EXPECT_EQ(line.substr(24), " warning 3 of 4 slots busy\n");
  const auto age = SystemClock().now() - *parse_time(line.substr(0, 24));
  EXPECT_LT(age, std::chrono::minutes(1));
}

TEST(Log, OneEventIsOneLine) {
  const std::string line = stderr_of([] { log::error("a\nb\x1b[31m {}", "{}"); });
  EXPECT_EQ(line.substr(24), " error a\\x0ab\\x1b[31m {}\n");
}

TEST(Log, LevelHidesWhatIsBelow) {
  EXPECT_FALSE(log::enabled(log::Level::Debug));
  EXPECT_EQ(stderr_of([] { log::debug("hidden"); }), "");
  log::set_level(log::Level::Debug);
  EXPECT_NE(stderr_of([] { log::debug("shown"); }), "");
  log::set_level(log::Level::Error);
  EXPECT_EQ(stderr_of([] { log::warn("hidden"); }), "");
  log::set_level(log::Level::Info);
}

}  // namespace
}  // namespace trainyard
