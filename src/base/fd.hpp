#pragma once
// Owner of a file descriptor, and whole-buffer reads and writes on it.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace trainyard {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};
Pipe make_pipe();  // O_CLOEXEC on both ends

// All throw Error on failure and retry EINTR. read_some returns 0 at the end of file.
std::size_t read_some(const Fd& fd, std::span<std::byte> into);
void write_all(const Fd& fd, std::string_view bytes);
void pwrite_all(const Fd& fd, std::string_view bytes, std::uint64_t offset);

}  // namespace trainyard
