#include "base/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesOnceAndMovesOwnership) {
  Pipe pipe = make_pipe();
  const int number = pipe.read.get();
  EXPECT_TRUE(::fcntl(number, F_GETFD) & FD_CLOEXEC);
  {
    const Fd owner = std::move(pipe.read);
    EXPECT_FALSE(pipe.read);  // NOLINT: moved from is empty
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, AssignmentClosesWhatItHeld) {
  Pipe pipe = make_pipe();
  const int closed = pipe.read.get();
  const int kept = pipe.write.get();
  pipe.read = std::move(pipe.write);
  EXPECT_FALSE(is_open(closed));
  EXPECT_EQ(pipe.read.get(), kept);
  Fd& itself = pipe.read;
  pipe.read = std::move(itself);
  EXPECT_TRUE(is_open(kept));
}

TEST(Fd, ReleaseLeavesItOpen) {
  Pipe pipe = make_pipe();
  const int number = pipe.read.release();
  EXPECT_FALSE(pipe.read);
  const Fd again(number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, WritesMoreThanThePipeHolds) {
  Pipe pipe = make_pipe();
  const std::string sent(1 << 20, 'x');
  std::jthread writer([&] {
    write_all(pipe.write, sent);
    pipe.write.reset();
  });
  std::size_t received = 0;
  std::array<std::byte, 4096> buffer;
  while (const std::size_t n = read_some(pipe.read, buffer)) received += n;
  EXPECT_EQ(received, sent.size());
}

TEST(Fd, PwriteWritesAtItsOffset) {
  const TempDir dir;
  const Fd file = open_file(dir.path() / "x", O_RDWR | O_CREAT);
  pwrite_all(file, "def", 3);
  pwrite_all(file, "abc", 0);
  EXPECT_EQ(read_file(dir.path() / "x"), "abcdef");
}

TEST(Fd, FailuresThrow) {
  const Fd closed;
  std::array<std::byte, 1> buffer;
  EXPECT_THROW(read_some(closed, buffer), Error);
  EXPECT_THROW(write_all(closed, "x"), Error);
  EXPECT_THROW(pwrite_all(closed, "x", 0), Error);
}

}  // namespace
}  // namespace trainyard
