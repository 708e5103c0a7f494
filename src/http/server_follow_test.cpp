// Following a source over HTTP: bytes that come later, peers that leave, many at once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "http/testing.hpp"

namespace trainyard::http {

namespace {

using testing::FakeLog;
using testing::kPatience;
using testing::RawSocket;
using testing::start;
using testing::text;
using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

// The same log for every request; the server forgets it when `log` is reset.
std::unique_ptr<Server> serve_log(const std::shared_ptr<FakeLog>& log, ServerOptions options = {}) {
  return start(
      [weak = std::weak_ptr(log)](Request&) {
        Response response;
        response.body = StreamBody{weak.lock()};
        return response;
      },
      std::move(options));
}

void expect_ready(std::future<void>&& future) {
  EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
}

TEST(ServerFollow, SendsBytesAsTheyBecomeAvailable) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  log->append("first\n");
  RawSocket socket(server->port());
  socket.send(kGet);
  const std::string head = socket.receive_until("first\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  log->append("second\n");
  EXPECT_EQ(socket.receive_until("second\n\r\n"), "7\r\nsecond\n\r\n");
  log->append("last");
  log->finish();
  EXPECT_TRUE(socket.receive_until("0\r\n\r\n").starts_with("4\r\nlast\r\n"));
  // The connection is as good as new.
  auto released = log->released();
  socket.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(socket.receive_all().ends_with("\r\n\r\n0\r\n\r\n"));
  log.reset();
  expect_ready(std::move(released));
}

TEST(ServerFollow, SendsALongLogWhole) {
  auto log = std::make_shared<FakeLog>();
  const auto server = start([&](Request&) {
    Response response;
    response.body = StreamBody{log};
    return response;
  });
  std::string all;
  for (int i = 0; all.size() < 3'000'000; ++i) all += fmt::format("line {}\n", i);
  log->append(all);
  log->finish();
  EXPECT_EQ(testing::get(*server, "/").body, all);
}

TEST(ServerFollow, ReleasesTheSourceOfAPeerThatCloses) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  auto released = log->released();
  auto followed = log->followed();
  auto socket = std::make_unique<RawSocket>(server->port());
  socket->send(kGet);
  expect_ready(std::move(followed));
  log.reset();
  socket.reset();
  expect_ready(std::move(released));
}

TEST(ServerFollow, ReleasesTheSourceOfAPeerThatResets) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  auto released = log->released();
  RawSocket socket(server->port());
  socket.send(kGet);
  expect_ready(log->followed());
  log.reset();
  socket.reset();
  expect_ready(std::move(released));
}

TEST(ServerFollow, ReleasesTheSourceOfAPeerThatReadsNothing) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log, {.write_timeout = 50ms});
  auto released = log->released();
  RawSocket socket(server->port());
  socket.send(kGet);
  expect_ready(log->followed());
  log->append(std::string(32 << 20, 'x'));  // more than the socket buffers hold
  log.reset();
  expect_ready(std::move(released));
}

TEST(ServerFollow, ToleratesWakeUpsAfterTheEnd) {
  auto log = std::make_shared<FakeLog>();
  auto server = serve_log(log);
  log->finish();
  RawSocket socket(server->port());
  socket.send(kGet);
  socket.receive_until("0\r\n\r\n");
  log->append("late");
  server.reset();
  log->append("later");
}

TEST(ServerFollow, AnswersARequestThatWaitedBehindAFollow) {
  auto log = std::make_shared<FakeLog>();
  const auto server = start([&](Request& request) {
    Response response = text("[behind]");
    if (request.path == "/log") response.body = StreamBody{log};
    return response;
  });
  RawSocket socket(server->port());
  socket.send("GET /log HTTP/1.1\r\nHost: h\r\n\r\n");
  expect_ready(log->followed());
  socket.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  log->finish();
  EXPECT_NE(socket.receive_until("[behind]").find("0\r\n\r\nHTTP/1.1 200 OK"), std::string::npos);
}

TEST(ServerFollow, ASourceThatThrowsCutsTheStream) {
  class Broken final : public PushSource {
    Chunk poll(std::size_t) override {
      if (polled_) throw Error(ErrorKind::Corrupt, "the log is gone");
      polled_ = true;
      return {"some", false};
    }
    void on_ready(std::function<void()>) override {}
    bool polled_ = false;
  };
  const auto server = start([](Request&) {
    Response response;
    response.body = StreamBody{std::make_shared<Broken>()};
    return response;
  });
  RawSocket socket(server->port());
  socket.send(kGet);
  EXPECT_TRUE(socket.receive_all().ends_with("4\r\nsome\r\n"));
}

// Slices of one file of 10 MiB, around bytes of its own.
class Slices final : public PushSource {
 public:
  Slices() {
    for (int i = 0; text_.size() < (10u << 20); ++i) text_ += fmt::format("line {}\n", i);
    Fd file(memfd_create("slices", MFD_CLOEXEC));
    write_all(file, text_);
    file_ = std::make_shared<const Fd>(std::move(file));
  }
  Chunk poll(std::size_t) override {
    if (polled_++ == 0) return {"own ", false, {{file_, 5, 7}, {file_, 0, 5}}};
    return {"", true, {{file_, 0, text_.size()}}};
  }
  void on_ready(std::function<void()>) override {}
  std::string all() const { return "own " + text_.substr(5, 7) + text_.substr(0, 5) + text_; }

 private:
  std::string text_;
  std::shared_ptr<const Fd> file_;
  int polled_ = 0;
};

std::unique_ptr<Server> serve_slices(
    std::function<void()> on_release = [] {}, ServerOptions options = {}) {
  return start(
      [on_release](Request&) {
        Response response;
        response.body = StreamBody{std::shared_ptr<Slices>(new Slices, [=](Slices* slices) {
          delete slices;
          on_release();
        })};
        return response;
      },
      std::move(options));
}

TEST(ServerFollow, SlicesOfFilesFollowTheBytes) {
  const auto server = serve_slices();
  EXPECT_EQ(testing::get(*server, "/").body, Slices().all());
  RawSocket socket(server->port());
  socket.send(kGet);
  EXPECT_THAT(socket.receive_until("line \r\n"),
              ::testing::HasSubstr("\r\n\r\n10\r\nown 0\nline line \r\n"));
  RawSocket old(server->port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.receive_all().ends_with("\r\n\r\n" + Slices().all()));
}

TEST(ServerFollow, APeerThatReadsNoSliceIsLeft) {
  std::promise<void> released;
  const auto server = serve_slices([&] { released.set_value(); }, {.write_timeout = 50ms});
  RawSocket socket(server->port());
  socket.send(kGet);
  expect_ready(released.get_future());
  EXPECT_LT(socket.receive_all().size(), Slices().all().size());
}

TEST(ServerFollow, HeadOfAStreamEndsAtOnce) {
  auto log = std::make_shared<FakeLog>();
  const auto server = serve_log(log);
  RawSocket socket(server->port());
  socket.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(socket.receive_all().ends_with("\r\n\r\n"));
}

// One worker thread is enough for any number of followers, since none is held.
TEST(ServerFollow, ServesFiveHundredFollowersAtOnce) {
  constexpr std::size_t kFollowers = 500;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  setrlimit(RLIMIT_NOFILE, &files);

  std::vector<std::shared_ptr<FakeLog>> logs(kFollowers);
  for (auto& log : logs) log = std::make_shared<FakeLog>();
  const auto server = start(
      [&](Request& request) {
        Response response;
        response.body = StreamBody{logs.at(std::stoul(request.path.substr(1)))};
        return response;
      },
      {.worker_threads = 1});
  std::vector<RawSocket> sockets;
  for (std::size_t i = 0; i < kFollowers; ++i) {
    sockets.emplace_back(server->port());
    sockets.back().send(fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", i));
  }
  for (auto& log : logs) expect_ready(log->followed());
  for (std::size_t i = 0; i < kFollowers; ++i) logs[i]->append(fmt::format("log {}.", i));
  for (std::size_t i = 0; i < kFollowers; ++i) {
    EXPECT_NE(sockets[i].receive_until(".\r\n").find(fmt::format("log {}.", i)), std::string::npos);
  }
}

TEST(ServerFollow, StopEndsFollowersWithoutTheLastChunk) {
  auto log = std::make_shared<FakeLog>();
  auto server = serve_log(log);
  log->append("text");
  std::vector<RawSocket> sockets;
  for (int i = 0; i < 20; ++i) sockets.emplace_back(server->port());
  sockets[0].send(kGet);
  sockets[0].receive_until("text\r\n");
  const auto begin = std::chrono::steady_clock::now();
  server->stop(10 * kPatience);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
  EXPECT_EQ(sockets[0].receive_all(), "");
}

}  // namespace

}  // namespace trainyard::http
