// Timeouts, limits on numbers, errors of handlers, listening and stopping.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http/client.hpp"
#include "http/server.hpp"
#include "http/testing.hpp"
#include "http/worker_pool.hpp"

namespace trainyard::http {

namespace {

using testing::get;
using testing::kPatience;
using testing::RawSocket;
using testing::start;
using testing::text;
using testing::url_of;
using namespace std::chrono_literals;

std::unique_ptr<Server> echo_server(ServerOptions options) {
  return start([](Request& request) { return text(request.body->read_all(10 << 20)); },
               std::move(options));
}

TEST(ServerLimits, ASlowHeadIsAnsweredWith408) {
  const auto server = echo_server({.header_timeout = 1s});  // its beginning comes sooner
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost");
  EXPECT_TRUE(socket.receive_all().starts_with("HTTP/1.1 408 "));
}

TEST(ServerLimits, ASilentConnectionIsClosed) {
  const auto server = echo_server({.header_timeout = 50ms});
  RawSocket socket(server->port());
  EXPECT_EQ(socket.receive_all(), "");
}

TEST(ServerLimits, AnIdleConnectionIsClosedQuietly) {
  const auto server = echo_server({.idle_timeout = 50ms});
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = socket.receive_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(ServerLimits, ASlowBodyIsAnsweredWith408) {
  const auto server = echo_server({.body_timeout = 50ms});
  for (const std::size_t length : {10, 1'000'000}) {  // read before, and by, the handler
    RawSocket socket(server->port());
    socket.send(fmt::format("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\nabc", length));
    EXPECT_TRUE(socket.receive_all().starts_with("HTTP/1.1 408 ")) << length;
  }
}

TEST(ServerLimits, ASlowBodyHoldsNoWorkerForEver) {
  const auto server = echo_server({.worker_threads = 1, .body_timeout = 50ms});
  RawSocket socket(server->port());
  socket.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  std::jthread drip([&](std::stop_token stop) {  // always a byte before the timeout
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    try {
      while (!never.wait_for(lock, stop, 10ms, [] { return false; }) && !stop.stop_requested()) {
        socket.send("x");
      }
    } catch (const Error&) {
      // The server closed, as it should.
    }
  });
  EXPECT_EQ(get(*server, "/").status, 200);
  EXPECT_TRUE(socket.receive_some().starts_with("HTTP/1.1 408 "));
}

// Whatever they keep a worker waiting with: another one does their neighbours' work.
TEST(ServerLimits, SlowPeersHoldUpNobodyElse) {
  const auto server = start(
      [](Request& request) {
        if (request.path == "/read") return text(request.body->read_all(10 << 20));
        Response response;
        if (request.path == "/large") {
          response.body = PullBody{[] { return std::string(1 << 20, 'x'); }, {}};
        }
        return response;
      },
      {.worker_threads = 1});
  const std::string_view slow[] = {
      "PUT /read HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nx",
      "PUT /read HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n",
      "PUT /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "PUT /skip HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nx",
      "GET /skip HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /large HTTP/1.1\r\nHost: h\r\n\r\n",
  };
  const auto begin = std::chrono::steady_clock::now();
  std::vector<RawSocket> sockets;
  for (int i = 0; i < 8; ++i) {
    for (const std::string_view request : slow) sockets.emplace_back(server->port()).send(request);
    EXPECT_EQ(get(*server, "/quick").status, 200);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, ServerOptions().body_timeout);
}

TEST(ServerLimits, AHandlerThatStepsAsideHoldsUpNobodyElse) {
  std::counting_semaphore<> began(0);
  std::promise<void> go;
  const auto server = start(
      [&began, gone = go.get_future().share()](Request& request) {
        if (request.path != "/wait") return text("quick");
        const auto aside = request.step_aside();
        began.release();
        gone.wait();
        return text("waited");
      },
      {.worker_threads = 1});
  std::vector<std::future<std::string>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] { return get(*server, "/wait").body; }));
    EXPECT_TRUE(began.try_acquire_for(kPatience));
  }
  EXPECT_EQ(get(*server, "/").body, "quick");
  go.set_value();
  for (auto& answer : waiting) EXPECT_EQ(answer.get(), "waited");
  EXPECT_EQ(get(*server, "/").body, "quick");
}

TEST(ServerLimits, ToldThatTooManyAreSlowAPeerMayComeAgain) {
  WorkerPool pool(1);
  std::vector<std::unique_ptr<WorkerPool::Waiting>> waiting;
  for (std::size_t i = 0; i < WorkerPool::kMostWaiting; ++i) {
    waiting.push_back(std::make_unique<WorkerPool::Waiting>(pool));
  }
  EXPECT_THROW(WorkerPool::Waiting{pool}, Error);
  waiting.pop_back();
  EXPECT_NO_THROW(WorkerPool::Waiting{pool});
  waiting.clear();
  std::promise<void> done;
  pool.submit([&] { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(ServerLimits, AReaderThatStopsIsDropped) {
  std::promise<void> done;
  const auto server = start(
      [&](Request&) {
        Response response;
        const auto guard = std::shared_ptr<void>(nullptr, [&](void*) { done.set_value(); });
        response.body = PullBody{[guard] { return std::string(1 << 20, 'x'); }, {}};
        return response;
      },
      {.write_timeout = 50ms});
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(ServerLimits, ConnectionsOverTheLimitAreTurnedAway) {
  const auto server = echo_server({.max_connections = 2});
  RawSocket first(server->port());
  RawSocket second(server->port());
  for (RawSocket* socket : {&first, &second}) {
    socket->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(socket->receive_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
  }
  RawSocket third(server->port());
  const std::string answer = third.receive_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("unavailable: too many connections"), std::string::npos);
}

TEST(ServerLimits, RunsHandlersAtOnceUpToTheNumberOfWorkers) {
  std::latch all_there(4);
  const auto server = start(
      [&](Request&) {
        all_there.arrive_and_wait();
        return text("ok");
      },
      {.worker_threads = 4});
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(std::async(std::launch::async, [&] { return get(*server, "/").status; }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), 200);
}

TEST(ServerLimits, SpreadsConnectionsOverIoThreads) {
  const auto server = echo_server({.io_threads = 3});
  std::vector<RawSocket> sockets;
  for (int i = 0; i < 9; ++i) sockets.emplace_back(server->port());
  for (RawSocket& socket : sockets) {
    socket.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_TRUE(socket.receive_until("abc").starts_with("HTTP/1.1 200 "));
  }
}

TEST(ServerErrors, HandlersMayThrowAnything) {
  const auto server = start([](Request& request) -> Answer {
    if (request.path == "/error") throw Error(ErrorKind::NotFound, "no such thing");
    throw std::logic_error("a secret detail");
  });
  const ClientResponse error = get(*server, "/error");
  EXPECT_EQ(error.status, 404);
  EXPECT_EQ(error.body, "not_found: no such thing");
  const ClientResponse other = get(*server, "/other");
  EXPECT_EQ(other.status, 500);
  EXPECT_EQ(other.body.find("secret"), std::string::npos) << other.body;
}

TEST(ServerErrors, AnErrorHandlerThatThrowsGivesAPlain500) {
  const auto server = serve(
      {}, [](Request&) -> Answer { throw Error(ErrorKind::NotFound, "x"); },
      [](const Request&, const Error&) -> Response { throw std::runtime_error("y"); });
  EXPECT_EQ(get(*server, "/").status, 500);
}

TEST(ServerErrors, ALineBreakInAnAnswersHeaderIsA500) {
  const auto server = start([](Request&) {
    Response response = text("x");
    response.headers.add("X", "a\r\nSet-Cookie: b");
    return response;
  });
  const ClientResponse response = get(*server, "/");
  EXPECT_EQ(response.status, 500);
  EXPECT_FALSE(response.headers.get("Set-Cookie"));
}

ErrorKind listening_fails_with(ServerOptions options, std::string* message = nullptr) {
  try {
    echo_server(std::move(options));
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  return ErrorKind::Internal;
}

TEST(ServerListen, SaysWhyItCannot) {
  const auto first = echo_server({});
  std::string message;
  EXPECT_EQ(listening_fails_with({.port = first->port()}, &message), ErrorKind::Conflict);
  EXPECT_NE(message.find(fmt::format("127.0.0.1:{}", first->port())), std::string::npos);
  EXPECT_EQ(listening_fails_with({.host = "nonsense"}), ErrorKind::InvalidInput);
  EXPECT_EQ(listening_fails_with({.host = "192.0.2.1"}), ErrorKind::InvalidInput);
}

TEST(ServerListen, TakesNamesAndAddresses) {
  for (const char* host : {"localhost", "0.0.0.0", "127.0.0.1"}) {
    const auto server = echo_server({.host = host});
    EXPECT_EQ(get(*server, "/").status, 200) << host;
  }
}

TEST(ServerListen, TakesIpv6WhereThereIsOne) {
  std::unique_ptr<Server> server;
  try {
    server = start([](Request& request) { return text(request.peer); }, {.host = "::1"});
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  ClientRequest request;
  request.url = fmt::format("http://[::1]:{}/", server->port());
  EXPECT_TRUE(make_client()->send(request).body.starts_with("[::1]:"));
}

TEST(ServerListen, APortIsFreeAgainAtOnce) {
  std::uint16_t port = 0;
  {
    const auto server = echo_server({});
    port = server->port();
    EXPECT_EQ(get(*server, "/").status, 200);
  }
  EXPECT_EQ(echo_server({.port = port})->port(), port);
}

TEST(ServerStop, LetsAHandlerFinish) {
  std::latch inside(1);
  std::promise<void> go_on;
  auto allowed = go_on.get_future().share();
  const auto server = start([&, allowed](Request&) {
    inside.count_down();
    allowed.wait();
    return text("finished");
  });
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  inside.wait();
  auto stopped = std::async(std::launch::async, [&] { server->stop(10 * kPatience); });
  EXPECT_EQ(stopped.wait_for(50ms), std::future_status::timeout);
  go_on.set_value();
  const std::string answer = socket.receive_all();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("finished"));
}

TEST(ServerStop, TellsAHandlerThatWaits) {
  std::latch inside(1);
  const auto server = start([&](Request& request) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    inside.count_down();
    never.wait(lock, request.stop, [] { return false; });
    return text("told");
  });
  RawSocket socket(server->port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  inside.wait();
  server->stop(10 * kPatience);
  EXPECT_TRUE(socket.receive_all().ends_with("told"));
}

TEST(ServerStop, BreaksOffAfterTheGrace) {
  const auto server = echo_server({});
  RawSocket socket(server->port());
  socket.send(
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  socket.receive_until("100 Continue\r\n\r\n");  // the handler reads now
  const auto begin = std::chrono::steady_clock::now();
  server->stop(20ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
}

TEST(ServerStop, MayBeCalledTwiceAndEndsIdleConnections) {
  const auto server = echo_server({});
  RawSocket idle(server->port());
  RawSocket used(server->port());
  used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  used.receive_until("\r\n\r\n");
  const auto begin = std::chrono::steady_clock::now();
  server->stop(10 * kPatience);
  server->stop(10 * kPatience);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
  EXPECT_EQ(used.receive_all(), "");
  EXPECT_THROW(get(*server, "/"), Error);
}

}  // namespace

}  // namespace trainyard::http
