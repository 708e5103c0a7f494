#include "http/peer_socket.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/error.hpp"

namespace trainyard::http {

namespace {

constexpr std::uint64_t kSlowestBytesPerMs = 1;
constexpr std::size_t kSendfileStep = 1 << 20;

[[noreturn]] void gone(std::string_view what) {
  throw Error(ErrorKind::Unavailable, fmt::format("the connection broke while {}: {}", what,
                                                  std::generic_category().message(errno)));
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

bool Pace::wait(int fd, short events) {
  using std::chrono::milliseconds;
  const auto allowed = timeout_ + milliseconds(bytes_ / kSlowestBytesPerMs);
  const auto rest = std::min(timeout_, allowed - waited_);
  if (rest <= milliseconds(0)) return false;
  pollfd entry{fd, events, 0};
  const auto start = std::chrono::steady_clock::now();
  const int ready =
      poll(&entry, 1,
           static_cast<int>(std::min<std::int64_t>(rest.count(), std::numeric_limits<int>::max())));
  const auto passed = std::chrono::steady_clock::now() - start;
  waited_ += std::chrono::duration_cast<milliseconds>(passed);
  if (ready < 0 && errno == EINTR) return true;
  return ready != 0;  // an error shows at the transfer that follows
}

std::size_t PeerSocket::receive(std::span<char> into) {
  for (;;) {
    const ssize_t count = recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
    if (count >= 0) {
      read_pace_.moved(static_cast<std::size_t>(count));
      return static_cast<std::size_t>(count);
    }
    if (errno == EINTR) continue;
    if (!would_block()) gone("the request body was read");
    if (!wait(read_pace_, POLLIN)) {
      throw Error(ErrorKind::Timeout, "the request body arrives too slowly");
    }
  }
}

void PeerSocket::send(std::string_view bytes, More more) {
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more == More::Follows ? MSG_MORE : 0);
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), flags);
    if (count >= 0) {
      write_pace_.moved(static_cast<std::size_t>(count));
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (would_block()) {
      wait_writable();
    } else if (errno != EINTR) {
      gone("the answer was sent");
    }
  }
}

void PeerSocket::send_file(int file, std::uint64_t offset, std::uint64_t length) {
  auto position = static_cast<off_t>(offset);
  while (length > 0) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(length, kSendfileStep));
    const ssize_t count = sendfile(fd_, file, &position, step);
    if (count > 0) {
      write_pace_.moved(static_cast<std::size_t>(count));
      length -= static_cast<std::uint64_t>(count);
    } else if (count == 0) {
      throw Error(ErrorKind::Corrupt,
                  fmt::format("the file ended {} bytes before the length announced", length));
    } else if (would_block()) {
      wait_writable();
    } else if (errno != EINTR) {
      gone("a file was sent");
    }
  }
}

bool PeerSocket::wait(Pace& pace, short events) {
  const WorkerPool::Waiting waiting(workers_);
  return pace.wait(fd_, events);
}

void PeerSocket::wait_writable() {
  if (!wait(write_pace_, POLLOUT)) {
    throw Error(ErrorKind::Timeout, "the peer takes the answer too slowly");
  }
}

}  // namespace trainyard::http
