// Bodies of every kind, in both directions, through the real client.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "base/files.hpp"
#include "base/strings.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "http/testing.hpp"

namespace trainyard::http {

namespace {

using testing::get;
using testing::RawSocket;
using testing::start;
using testing::text;
using testing::url_of;

constexpr std::uint64_t kBig = 64 << 20;

// An endless text that repeats after a prime number of bytes: a view of it from any byte on.
constexpr std::size_t kPeriod = 99'991;
std::string_view pattern_from(std::uint64_t offset) {
  static const std::string text = [] {
    std::string all(2 * kPeriod, '\0');
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i % kPeriod * 31);
    return all;
  }();
  return std::string_view(text).substr(offset % kPeriod, kPeriod);
}

std::string pattern_block(std::uint64_t from, std::size_t size) {
  std::string block;
  while (block.size() < size) {
    block += pattern_from(from + block.size()).substr(0, size - block.size());
  }
  return block;
}

// Checks bytes against the pattern as they come, so that nothing is kept.
class PatternCheck {
 public:
  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kPeriod);
      if (pattern_from(count_).substr(0, piece.size()) != piece) ++wrong_;
      count_ += piece.size();
      bytes.remove_prefix(piece.size());
    }
  }
  std::string verdict() const { return fmt::format("{} bytes, {} wrong", count_, wrong_); }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t wrong_ = 0;
};

class PatternBody final : public BodySource {
 public:
  explicit PatternBody(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const override { return size_; }
  void rewind() override { position_ = 0; }
  std::size_t read(char* into, std::size_t max) override {
    const std::string_view all = pattern_from(position_);
    const std::uint64_t count =
        std::min<std::uint64_t>(std::min(max, all.size()), size_ - position_);
    std::memcpy(into, all.data(), count);
    position_ += count;
    return static_cast<std::size_t>(count);
  }

 private:
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

// The peak resident memory of this process in bytes; 0 where a sanitizer keeps freed memory.
std::uint64_t peak_memory() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0;
#endif
  for (const std::string& line : split(read_file("/proc/self/status"), '\n')) {
    if (!line.starts_with("VmHWM:")) continue;
    const auto words = split(trim(line.substr(6)), ' ');
    return parse_u64(words.at(0)).value_or(0) * 1024;
  }
  return 0;
}

TEST(ServerBody, StreamsABigUploadInBoundedMemory) {
  const auto server = start([](Request& request) {
    EXPECT_EQ(request.body->content_length(), kBig);
    PatternCheck check;
    std::array<char, 64 * 1024> buffer;
    while (const std::size_t count = request.body->read(buffer)) check.take({buffer.data(), count});
    return text(check.verdict());
  });
  PatternBody body(kBig);
  ClientRequest request;
  request.method = "PUT";
  request.url = url_of(*server, "/");
  request.body = &body;
  const std::uint64_t before = peak_memory();
  EXPECT_EQ(make_client()->send(request).body, fmt::format("{} bytes, 0 wrong", kBig));
  EXPECT_LT(peak_memory() - before, 32u << 20);
}

TEST(ServerBody, StreamsABigAnswerInBoundedMemory) {
  const auto server = start([](Request& request) {
    Response response;
    std::uint64_t sent = 0;
    PullBody body{[sent]() mutable {
                    const std::uint64_t size = std::min<std::uint64_t>(kBig - sent, 50'000);
                    sent += size;
                    return pattern_block(sent - size, size);
                  },
                  {}};
    if (request.path == "/length") body.length = kBig;
    response.body = std::move(body);
    return response;
  });
  const std::uint64_t before = peak_memory();
  for (const std::string path : {"/chunked", "/length"}) {
    PatternCheck check;
    ClientRequest request;
    request.url = url_of(*server, path);
    request.sink = [&](std::string_view bytes) { check.take(bytes); };
    const ClientResponse response = make_client()->send(request);
    EXPECT_EQ(check.verdict(), fmt::format("{} bytes, 0 wrong", kBig));
    EXPECT_EQ(response.body_bytes, kBig);
    EXPECT_EQ(response.headers.get("Content-Length").has_value(), path == "/length");
  }
  EXPECT_LT(peak_memory() - before, 32u << 20);
}

TEST(ServerBody, SendsPartsOfFiles) {
  const TempDir dir;
  const auto path = dir.path() / "file";
  write_file_atomic(path, pattern_block(0, 5'000'000));
  const auto server = start([&](Request& request) {
    Response response;
    const auto offset = parse_u64(*request.query.get("offset")).value();
    const auto length = parse_u64(*request.query.get("length")).value();
    response.body = FileBody{open_file(path, O_RDONLY), offset, length};
    return response;
  });
  EXPECT_EQ(get(*server, "/?offset=0&length=5000000").body, pattern_block(0, 5'000'000));
  EXPECT_EQ(get(*server, "/?offset=4999990&length=10").body, pattern_block(4'999'990, 10));
  EXPECT_EQ(get(*server, "/?offset=7&length=0").body, "");
}

TEST(ServerBody, AFileThatIsTooShortBreaksTheConnection) {
  const TempDir dir;
  const auto path = dir.path() / "file";
  write_file_atomic(path, "short");
  const auto server = start([&](Request&) {
    Response response;
    response.body = FileBody{open_file(path, O_RDONLY), 0, 10};
    return response;
  });
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(socket.receive_all().ends_with("Content-Length: 10\r\n\r\nshort"));
}

TEST(ServerBody, APeerThatLeavesDuringAFileHarmsNobody) {
  const TempDir dir;
  const auto path = dir.path() / "file";
  write_file_atomic(path, std::string(8 << 20, 'x'));
  const auto server = start([&](Request&) {
    Response response;
    response.body = FileBody{open_file(path, O_RDONLY), 0, 8 << 20};
    return response;
  });
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  socket.receive_some();
  socket.reset();
  EXPECT_EQ(get(*server, "/").body_bytes, std::uint64_t{8 << 20});
}

TEST(ServerBody, AnErrorBeforeTheFirstPieceIsAnswered) {
  const auto server = start([](Request&) {
    Response response;
    response.body =
        PullBody{[]() -> std::string { throw Error(ErrorKind::NotFound, "it went away"); }, {}};
    return response;
  });
  const ClientResponse response = get(*server, "/");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "not_found: it went away");
}

TEST(ServerBody, ALaterErrorCutsTheAnswer) {
  const auto server = start([](Request&) {
    Response response;
    response.body = PullBody{[count = 0]() mutable -> std::string {
                               if (count++ > 0) throw std::runtime_error("broken");
                               return "piece";
                             },
                             {}};
    return response;
  });
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(socket.receive_all().ends_with("\r\n\r\n5\r\npiece\r\n"));
}

TEST(ServerBody, APullBodyKeepsToItsLength) {
  for (const std::uint64_t length : {4u, 6u}) {
    const auto server = start([&](Request&) {
      Response response;
      response.body =
          PullBody{[left = 1]() mutable { return left-- > 0 ? "12345" : std::string(); }, length};
      return response;
    });
    RawSocket socket(server->port());
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string answer = socket.receive_all();
    EXPECT_LT(answer.substr(answer.find("\r\n\r\n") + 4).size(), 6u);
    EXPECT_THROW(get(*server, "/"), Error);
  }
}

TEST(ServerBody, ReadAllKeepsItsLimit) {
  const auto server = start([](Request& request) { return text(request.body->read_all(5)); });
  const auto client = make_client();
  ClientRequest request;
  request.method = "POST";
  request.url = url_of(*server, "/");
  const auto fits = body_of("12345");
  request.body = fits.get();
  EXPECT_EQ(client->send(request).body, "12345");
  const auto longer = body_of("123456");
  request.body = longer.get();
  EXPECT_EQ(client->send(request).status, 413);
}

}  // namespace

}  // namespace trainyard::http
