#pragma once
// Thousands of followers of one log on one epoll loop, which compare every byte that they get with
// the log that was written.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace trainyard::bench {

inline void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

inline Fd connect_to(std::uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect to the server");
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

inline void send_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) throw_errno("send to the server");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// The log as it was written, and gzip of it as it came first: that is inflated and compared with
// the log, and what others get is compared with it.
class Expected {
 public:
  explicit Expected(const std::string& log) : log_(log) { inflateInit2(&stream_, 15 + 16); }
  ~Expected() { inflateEnd(&stream_); }
  Expected(const Expected&) = delete;
  Expected& operator=(const Expected&) = delete;

  void compare(std::uint64_t offset, std::string_view text) const {
    if (offset > log_.size() || log_.compare(offset, text.size(), text) != 0) {
      throw Error(ErrorKind::Corrupt, fmt::format("other bytes than the log's at {}", offset));
    }
  }
  void compare_gzip(std::uint64_t offset, std::string_view bytes) {
    const auto known = std::min<std::size_t>(bytes.size(), gzip_.size() - offset);
    if (gzip_.compare(offset, known, bytes.substr(0, known)) != 0) {
      throw Error(ErrorKind::Corrupt,
                  "other gzip than the first got: some fell so far behind that it was made again");
    }
    if (known < bytes.size()) inflate_on(bytes.substr(known));
  }
  // How much of the log these bytes of gzip hold, at least.
  std::uint64_t text_of(std::uint64_t gzip) const {
    const auto beyond = std::ranges::upper_bound(marks_, gzip, {}, &Mark::gzip);
    return beyond == marks_.begin() ? 0 : std::prev(beyond)->text;
  }

 private:
  struct Mark {
    std::uint64_t gzip, text;
  };

  void inflate_on(std::string_view bytes) {
    gzip_.append(bytes);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(text_.data());
      stream_.avail_out = static_cast<uInt>(text_.size());
      ::inflate(&stream_, Z_SYNC_FLUSH);
      const auto size = text_.size() - stream_.avail_out;
      compare(stream_.total_out - size, std::string_view(text_).substr(0, size));
    } while (stream_.avail_out == 0);
    marks_.push_back({gzip_.size(), stream_.total_out});
  }

  const std::string& log_;
  std::string gzip_, text_ = std::string(256 * 1024, '\0');
  std::vector<Mark> marks_;
  z_stream stream_{};
};

// Takes one answer apart as it comes: head, chunks, and in these the log or gzip of it.
class Follower {
 public:
  Follower(Fd socket, bool gzip) : socket_(std::move(socket)), gzip_(gzip) {}

  const Fd& socket() const { return socket_; }
  std::uint64_t text() const { return text_; }  // bytes of the log so far
  bool has_head() const { return state_ != State::Head; }

  void take(std::string_view bytes, Expected& expected) {
    while (!bytes.empty()) {
      if (state_ == State::Payload) {
        const auto piece = bytes.substr(0, left_);
        payload(piece, expected);
        bytes.remove_prefix(piece.size());
        left_ -= piece.size();
        if (left_ == 0) state_ = State::PayloadEnd;
        continue;
      }
      const auto end = bytes.find('\n');
      line_.append(bytes.substr(0, end));
      if (end == bytes.npos) break;
      bytes.remove_prefix(end + 1);
      take_line();
      line_.clear();
    }
    if (gzip_) text_ = expected.text_of(payload_);
  }

 private:
  enum class State { Head, Line, Payload, PayloadEnd };

  void take_line() {
    if (state_ == State::PayloadEnd) {
      state_ = State::Line;
    } else if (state_ == State::Head) {
      if (line_ == "\r") state_ = State::Line;
    } else {
      std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
      if (left_ == 0) throw Error(ErrorKind::Corrupt, "the log ended");
      state_ = State::Payload;
    }
  }
  void payload(std::string_view piece, Expected& expected) {
    if (gzip_) {
      expected.compare_gzip(payload_, piece);
    } else {
      expected.compare(payload_, piece);
    }
    payload_ += piece.size();
    if (!gzip_) text_ = payload_;
  }

  Fd socket_;
  bool gzip_;
  State state_ = State::Head;
  std::string line_;
  std::size_t left_ = 0;  // of a chunk
  std::uint64_t payload_ = 0, text_ = 0;
};

// Looks twice a millisecond, for that long: to wait in the kernel would have the server wake a
// sleeping core with each packet, which clients elsewhere do not ask of it. How many are ready.
inline int look(const Fd& epoll, std::span<epoll_event> events, int milliseconds) {
  const auto poll = [&] {
    return epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), 0);
  };
  int ready = poll();
  for (int i = 0; ready == 0 && i < 2 * milliseconds; ++i) {
    usleep(500);
    ready = poll();
  }
  return ready;
}

class Crowd {
 public:
  enum class Take { Plain, Gzip };

  // `log` is what is written, before the server gets it.
  Crowd(std::uint16_t port, std::size_t count, const std::string& log, Take take = Take::Plain)
      : expected_(log), epoll_(epoll_create1(0)) {
    const bool gzip = take == Take::Gzip;
    for (std::size_t i = 0; i < count; ++i) {
      followers_.emplace_back(connect_to(port), gzip);
      const auto& socket = followers_.back().socket();
      send_all(socket, fmt::format("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n",
                                   gzip ? "Accept-Encoding: gzip\r\n" : ""));
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event);
    }
    while (std::ranges::any_of(followers_, [](const Follower& f) { return !f.has_head(); })) {
      receive(60'000, [](const Follower&, std::uint64_t) {});
    }
  }

  // One round: what came within the time. `on_text` hears who got on, and from which byte of the
  // log. False when nothing came.
  template <typename OnText>
  bool receive(int milliseconds, OnText on_text) {
    epoll_event events[512];
    const int ready = look(epoll_, events, milliseconds);
    for (int i = 0; i < ready; ++i) {
      Follower& follower = followers_[events[i].data.u64];
      const auto count =
          recv(follower.socket().get(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
      if (count < 0) continue;
      if (count == 0) throw Error(ErrorKind::Unavailable, "the server closed a connection");
      received_ += static_cast<std::uint64_t>(count);
      const auto before = follower.text();
      follower.take({scratch_.data(), static_cast<std::size_t>(count)}, expected_);
      if (follower.text() != before) on_text(follower, before);
    }
    return ready > 0;
  }

  std::size_t size() const { return followers_.size(); }
  std::uint64_t received() const { return received_; }  // bytes of all sockets

 private:
  Expected expected_;
  Fd epoll_;
  std::vector<Follower> followers_;
  std::uint64_t received_ = 0;
  std::vector<char> scratch_ = std::vector<char>(256 * 1024);
};

}  // namespace trainyard::bench
