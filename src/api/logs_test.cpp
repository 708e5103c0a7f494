// A log read in every way there is, before, during and after its run.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>
#include <thread>
#include <utility>

#include "api/api_fixture.hpp"
#include "api/log_pieces.hpp"
#include "api/log_source.hpp"
#include "http/websocket_client.hpp"
#include "wire/monitor.hpp"

namespace trainyard::api {
namespace {

using model::RunState;
using ::testing::HasSubstr;

constexpr Milliseconds kPatience{60'000};

class LogsTest : public ApiTest {
 protected:
  std::string path(const model::RunId& run) {
    return "/v3/models/" + run.str() + "/logs/training-log.txt";
  }
  void append(const model::RunId& run, std::uint64_t offset, const std::string& bytes,
              const std::string& file = "training-log.txt") {
    const auto put = "/logs/" + file + "?offset=" + std::to_string(offset);
    EXPECT_EQ(as_learner("PUT", run, put, bytes).status, 200);
  }
  model::RunId training(const std::string& log) {
    const auto run = dispatched();
    report(run, {model::StagingStarted{1}, model::TrainingStarted{1}});
    append(run, 0, log);
    return run;
  }
  void finish(const model::RunId& run) {
    report(run, {model::Finished{1, RunState::Completed, {}}}, 3);
  }
  http::ClientResponse get(const std::string& path, const http::Headers& headers,
                           std::function<void(std::string_view)> sink = {}) {
    http::ClientRequest request;
    request.url = url_ + path;
    request.headers = headers;
    request.headers.add("Authorization", token_);
    request.sink = std::move(sink);
    return http::make_client()->send(request);
  }
  std::unique_ptr<http::WebSocketClient> monitor(const model::RunId& run,
                                                 const std::string& query = "") {
    return http::connect_websocket(url_ + "/v3/models/" + run.str() + "/monitor" + query,
                                   {.headers = {{"Authorization", token_}}, .timeout = kPatience});
  }
  // The messages until the server closes.
  static std::string rest(http::WebSocketClient& monitor) {
    std::string text;
    while (const auto frame = monitor.next(kPatience)) {
      EXPECT_LT(frame->size(), 32u << 10);
      text += wire::decode_monitor_frame(*frame).message.value_or("");
    }
    EXPECT_EQ(monitor.close_code(), 1000);
    return text;
  }
};

TEST_F(LogsTest, APartIsReadByARange) {
  const auto run = training("one\ntwo\n");
  const auto part = get(path(run), {{"Range", "bytes=4-6"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "two");
  EXPECT_EQ(part.headers.get("Content-Range"), "bytes 4-6/8");
  EXPECT_EQ(get(path(run), {{"Range", "bytes=-4"}}).body, "two\n");
  const auto behind = get(path(run), {{"Range", "bytes=8-"}});
  EXPECT_EQ(behind.status, 416);
  EXPECT_EQ(behind.headers.get("Content-Range"), "bytes */8");
  EXPECT_THAT(behind.body, HasSubstr("the log has 8 bytes"));
  EXPECT_EQ(get(path(run), {{"Range", "bytes=0-1,3-4"}}).status, 200);
  const auto whole = get(path(run), {{"Range", "bytes=4-6"}, {"If-Range", "\"other\""}});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "one\ntwo\n");
  EXPECT_EQ(get(path(run), {}).headers.get("Accept-Ranges"), "bytes");
  EXPECT_EQ(get(path(run) + "?offset=x", {}).status, 400);
}

TEST_F(LogsTest, TheWholeIsADownload) {
  const auto run = training("one\n");
  const auto whole = get(path(run) + "?download=true", {});
  EXPECT_EQ(whole.body, "one\n");
  EXPECT_EQ(whole.headers.get("Content-Disposition"),
            "attachment; filename=\"" + run.str() + "-training-log.txt\"");
}

TEST_F(LogsTest, EventsBeginWhereTheLastOneEndedAndSayTheEnd) {
  const auto run = training("one\r\ntwo\n");
  finish(run);
  const http::Headers events{{"Accept", "text/event-stream"}};
  const auto all = get(path(run), events);
  EXPECT_EQ(all.headers.get("Content-Type"), "text/event-stream");
  EXPECT_EQ(all.body,
            "id: 9\ndata: {\"offset\":0,\"text\":\"one\\r\\ntwo\\n\"}\n\n"
            "event: end\nid: 9\ndata: {}\n\n");
  http::Headers again = events;
  again.add("Last-Event-ID", "5");
  EXPECT_EQ(get(path(run), again).body,
            "id: 9\ndata: {\"offset\":5,\"text\":\"two\\n\"}\n\nevent: end\nid: 9\ndata: {}\n\n");
  again.set("Last-Event-ID", "x");
  EXPECT_EQ(get(path(run), again).status, 400);
}

TEST_F(LogsTest, EventsComeWhileTheRunGoesOnInWholeLines) {
  const auto run = submitted();  // before it has begun
  std::string seen;
  std::promise<void> first;
  std::thread follower([&] {
    get(path(run), {{"Accept", "text/event-stream"}}, [&](std::string_view bytes) {
      if (seen.empty()) first.set_value();
      seen += bytes;
    });
  });
  scheduler_->tick();
  report(run, {model::StagingStarted{1}, model::TrainingStarted{1}});
  append(run, 0, "one\nhalf");
  first.get_future().wait();
  append(run, 8, " a line");
  finish(run);
  logs_->seal(run);
  follower.join();
  EXPECT_THAT(seen, HasSubstr(R"({"offset":0,"text":"one\n"})"));
  EXPECT_THAT(seen, HasSubstr(R"({"offset":4,"text":"half a line"})"));
  EXPECT_THAT(seen, HasSubstr("event: end\nid: 15\n"));
}

TEST_F(LogsTest, TheMonitorBeginsAtAnyByteOrWithTheLastLines) {
  const auto run = training("one\ntwo\nthree\n");
  finish(run);
  const std::string end = "Status: COMPLETED\n";
  EXPECT_EQ(rest(*monitor(run, "?offset=6")), "o\nthree\n" + end);
  EXPECT_EQ(rest(*monitor(run, "?offset=1000000")), end);
  EXPECT_EQ(rest(*monitor(run, "?last=1")), "three\n" + end);
  EXPECT_EQ(rest(*monitor(run)), "one\ntwo\nthree\n" + end);
  EXPECT_THROW(monitor(run, "?offset=-1"), Error);
  EXPECT_THROW(monitor(run, "?last=1001"), Error);
}

TEST_F(LogsTest, TheMonitorGoesOnWhereItWasCutOffInALogThatIsNoUtf8) {
  const auto run = training("caf\xe9 \xff\xfe\n" + std::string(6'000, '\xe9') + "\nend\n");
  finish(run);
  std::uint64_t next = 0;
  std::string text;
  while (next < 6'013) {
    const auto socket = monitor(run, "?offset=" + std::to_string(next));
    std::optional<wire::MonitorFrame> frame;
    while (!frame || !frame->offset) {
      frame = wire::decode_monitor_frame(socket->next(kPatience).value());
    }
    EXPECT_EQ(frame->offset, next);
    ASSERT_GT(frame->next_offset.value(), next);
    next = *frame->next_offset;
    text += frame->message.value();
  }
  EXPECT_EQ(next, 6'013u);
  EXPECT_EQ(text, rest(*monitor(run)).substr(0, text.size()));
  EXPECT_TRUE(text.ends_with("\nend\n"));
}

TEST_F(LogsTest, TheMonitorShowsTheMetricsThatTheProgramWrote) {
  const auto run = training("epoch 1\n");
  append(
      run, 0,
      "no metric\n"
      R"({"grouplabel":"test","etimes":{"iteration":{"value":"1"}},"values":{"acc":{"value":"0.5"}}})"
      "\n{\"half\"",
      "evaluation-metrics.txt");
  const auto socket = monitor(run);
  std::string frame;
  while (frame.find("\"acc\"") == std::string::npos) frame = socket->next(kPatience).value();
  EXPECT_THAT(frame, HasSubstr(R"("metrics":[{"timestamp":"","iteration":1,"phase":"test",)"
                               R"("values":[{"name":"acc","value":0.5}]}])"));
  finish(run);
  EXPECT_EQ(rest(*socket), "Status: COMPLETED\n");
}

TEST_F(LogsTest, AnOffsetThatALiveLogHasNotReachedIsWaitedFor) {
  const auto run = training("one\n");
  const auto follow = [&](const std::string& query, http::Headers headers) {
    auto begun = std::make_shared<std::promise<std::string>>();
    auto begins = begun->get_future();
    http::ClientRequest request;
    request.url = url_ + path(run) + query;
    request.headers = std::move(headers);
    request.headers.add("Authorization", token_);
    request.on_headers = [begun](int, const http::Headers& answer) {
      begun->set_value(answer.get("X-Log-Offset").value_or(""));
    };
    auto body = std::async(std::launch::async, [request = std::move(request)]() mutable {
      return http::make_client()->send(request).body;
    });
    EXPECT_EQ(begins.get(), "6");
    return body;
  };
  auto bytes = follow("?follow=true&offset=6", {});
  auto events = follow("", {{"Accept", "text/event-stream"}, {"Last-Event-ID", "6"}});
  const auto socket = monitor(run, "?offset=6");
  const auto now = get(path(run) + "?offset=6", {});
  EXPECT_EQ(now.body, "");
  EXPECT_EQ(now.headers.get("X-Log-Offset"), "6");
  append(run, 4, "two\n");
  append(run, 8, "three\n");
  std::optional<wire::MonitorFrame> frame;
  while (!frame || !frame->offset) {
    frame = wire::decode_monitor_frame(socket->next(kPatience).value());
  }
  EXPECT_EQ(frame->offset, 6u);
  finish(run);
  EXPECT_EQ(frame->message.value() + rest(*socket), "o\nthree\nStatus: COMPLETED\n");
  EXPECT_EQ(bytes.get(), "o\nthree\n");
  const auto text = events.get();
  EXPECT_THAT(text, HasSubstr("\ndata: {\"offset\":6,\"text\":\"o\\n"));
  EXPECT_THAT(text, HasSubstr("event: end\nid: 14\n"));
  EXPECT_EQ(get(path(run) + "?offset=99", {}).headers.get("X-Log-Offset"), "14");
}

TEST_F(LogsTest, AFollowerOfALogThatEndsBeforeItsOffsetIsToldTheEnd) {
  const auto run = training("one\n");
  const LogPlace place{run, logstore::Stream::Training, LogForm::Events, 6};
  EXPECT_EQ(follow_log(*logs_, place)->poll(1000).bytes, "");
  logs_->seal(run);
  const auto end = follow_log(*logs_, place)->poll(1000);
  EXPECT_TRUE(end.end);
  EXPECT_EQ(end.bytes, "event: end\nid: 4\ndata: {}\n\n");
}

TEST_F(LogsTest, NoFrameOfTheMonitorIsLongerThanClientsTake) {
  const auto run = training(std::string(20'000, '\1') + "\n");
  std::string values, long_name(14'000, 'n');
  for (int i = 0; i < 1500; ++i) values += fmt::format(R"(,"{}":1)", i);
  append(run, 0,
         fmt::format("{{\"grouplabel\":\"train\",\"values\":{{{}}}}}\n", values.substr(1)) +
             fmt::format("{{\"values\":{{\"{}\":1}}}}\n", long_name),
         "evaluation-metrics.txt");
  finish(run);
  std::size_t shown = 0;
  const auto socket = monitor(run);
  while (const auto frame = socket->next(kPatience)) {
    EXPECT_LT(frame->size(), 32u << 10);
    for (const auto& metric : wire::decode_monitor_frame(*frame).metrics) {
      shown += metric.values.size();
    }
  }
  EXPECT_EQ(shown, 1501u);
  EXPECT_EQ(socket->close_code(), 1000);
}

TEST_F(LogsTest, AFollowedLogComesAsGzipToThoseWhoTakeIt) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += fmt::format("step {} loss 0.1\n", i);
  const auto run = training(text.substr(0, 100'000));
  const auto follow = [&](const std::string& query, http::Headers headers) {
    auto begun = std::make_shared<std::promise<http::Headers>>();
    auto begins = begun->get_future();
    http::ClientRequest request;
    request.url = url_ + path(run) + query;
    request.compressed = true;
    request.headers = std::move(headers);
    request.headers.add("Authorization", token_);
    request.on_headers = [begun](int, const http::Headers& answer) { begun->set_value(answer); };
    auto body = std::async(std::launch::async, [request = std::move(request)]() mutable {
      return http::make_client()->send(request).body;
    });
    const auto answer = begins.get();
    EXPECT_EQ(answer.get("Content-Encoding"), "gzip");
    EXPECT_EQ(answer.get("Vary"), "Accept-Encoding");
    return body;
  };
  auto whole = follow("?follow=true", {});
  auto rest = follow("?follow=true&offset=70000", {});
  auto events = follow("?offset=70000", {{"Accept", "text/event-stream"}});
  append(run, 100'000, text.substr(100'000));
  finish(run);
  logs_->seal(run);
  EXPECT_EQ(whole.get(), text);
  EXPECT_EQ(rest.get(), text.substr(70'000));
  std::string told = events.get(), lines;
  EXPECT_THAT(told, ::testing::EndsWith(
                        fmt::format("\n\nevent: end\nid: {}\ndata: {{}}\n\n", text.size())));
  for (std::size_t at = 0; (at = told.find("\"text\":\"", at)) != told.npos;) {
    at += 8;
    lines += told.substr(at, told.find("\"}", at) - at);
  }
  for (std::size_t at = 0; (at = lines.find("\\n", at)) != lines.npos;) lines.replace(at, 2, "\n");
  EXPECT_EQ(lines, text.substr(70'000));
}

class FollowersTest : public LogsTest {
 protected:
  FollowersTest() {
    accounts_.users->add({.name = "bob"});
    admin_ = token_;
    token_ = session();
  }
  std::string session(const std::string& access_token = "") {
    const accounts::Session session{.user = "bob",
                                    .generation = accounts_.users->find("bob")->generation,
                                    .access_token = access_token};
    return "Bearer " + issue_session(*accounts_.keys, session, kNow).reveal();
  }
  int as_admin(const std::string& method, const std::string& path, const std::string& body = "") {
    return send(method, path, body, admin_).status;
  }
  // How the monitor of bob's training ends once `end` was called.
  int close_code_after(const std::function<int()>& end) {
    const auto run = training("one\n");
    const auto socket = monitor(run);
    socket->next(kPatience);
    EXPECT_LT(end(), 300);
    while (socket->next(kPatience)) {
    }
    finish(run);
    return socket->close_code();
  }

  std::string admin_;
};

TEST_F(FollowersTest, AMonitorEndsWithTheLoginThatOpenedIt) {
  constexpr int kPolicy = 1008;
  accounts::AccessToken tokens[2];
  Secret secrets[2];
  for (const int i : {0, 1}) {
    tokens[i] = {.owner = "bob", .scope = accounts::Scope::Write, .expires_at = kNow + kPatience};
    secrets[i] = accounts_.tokens->create(tokens[i]);
  }
  const auto revoke = [&](int i) { return as_admin("DELETE", "/v3/tokens/" + tokens[i].id); };
  EXPECT_EQ(close_code_after([&] {
              return as_admin("PUT", "/v3/users/bob/password", R"({"password":"a longer one"})");
            }),
            kPolicy);
  token_ = "Bearer " + secrets[0].reveal();
  EXPECT_EQ(close_code_after([&] { return revoke(0); }), kPolicy);
  token_ = session(tokens[1].id);
  EXPECT_EQ(close_code_after([&] { return revoke(1); }), kPolicy);
  token_ = session();
  EXPECT_EQ(
      close_code_after([&] { return as_admin("PATCH", "/v3/users/bob", R"({"disabled":true})"); }),
      kPolicy);
}

TEST_F(FollowersTest, AMonitorGoesOnWhenAnotherLoginEnds) {
  accounts::AccessToken token{.owner = "bob", .expires_at = kNow + kPatience};
  accounts_.tokens->create(token);
  const auto run = training("one\n");
  const auto socket = monitor(run);
  EXPECT_EQ(as_admin("DELETE", "/v3/tokens/" + token.id), 204);
  finish(run);
  EXPECT_THAT(rest(*socket), HasSubstr("Status: COMPLETED"));
}

TEST_F(FollowersTest, AFollowedLogIsCutOffAndOthersGoOn) {
  const auto run = training("one\n");
  const auto others = [&] {
    const std::string bob = std::exchange(token_, admin_);
    auto socket = monitor(run);
    token_ = bob;
    return socket;
  }();
  std::promise<void> first;
  std::thread follower([&] {
    bool told = false;
    EXPECT_THROW(get(path(run) + "?follow=true", {},
                     [&](std::string_view) {
                       if (!std::exchange(told, true)) first.set_value();
                     }),
                 Error);
  });
  first.get_future().wait();
  EXPECT_EQ(as_admin("PATCH", "/v3/users/bob", R"({"disabled":true})"), 200);
  follower.join();
  finish(run);
  EXPECT_THAT(rest(*others), HasSubstr("Status: COMPLETED"));
}

TEST(LogPieces, AreWholeLinesAndNeverEndInACharacter) {
  EXPECT_EQ(piece_length("one\ntwo", 100, false), 4u);
  EXPECT_EQ(piece_length("one", 100, false), 0u);
  EXPECT_EQ(piece_length("one", 100, true), 3u);
  EXPECT_EQ(piece_length("ab\xC3", 3, false), 2u);
  EXPECT_EQ(piece_length("a\xE2\x82", 3, false), 1u);
  EXPECT_EQ(piece_length("\x80\x80\x80\x80", 4, false), 1u);
}

}  // namespace
}  // namespace trainyard::api
