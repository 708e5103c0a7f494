#include "http/response_plan.hpp"

#include <gtest/gtest.h>

namespace trainyard::http {

namespace {

const ResponseContext kContext{.request_id = "id-1", .server_name = "yard"};

Response with_body(Body body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

bool says(const ResponsePlan& plan, std::string_view line) {
  return plan.head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TEST(ResponsePlan, WritesAWholeHead) {
  Response response = with_body("hello");
  response.headers.add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  response.headers.add("ETag", "\"x\"");
  const ResponsePlan plan = plan_response(response, kContext);
  EXPECT_EQ(plan.head,
            "HTTP/1.1 200 OK\r\nServer: yard\r\nX-Request-Id: id-1\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(plan.send_body);
  EXPECT_TRUE(plan.keep_alive);
}

TEST(ResponsePlan, HeadKeepsTheHandlersLengthAndSendsNothing) {
  Response response = with_body("");
  response.headers.add("Content-Length", "1234");
  ResponseContext head = kContext;
  head.head_request = true;
  const ResponsePlan plan = plan_response(response, head);
  EXPECT_FALSE(plan.send_body);
  EXPECT_TRUE(says(plan, "Content-Length: 1234"));
  EXPECT_TRUE(says(plan_response(with_body("abc"), head), "Content-Length: 3"));
}

TEST(ResponsePlan, LengthFollowsFromTheBodyThatIsSent) {
  Response response = with_body("abc");
  response.headers.add("content-length", "99");
  response.headers.add("Transfer-Encoding", "gzip");
  const ResponsePlan plan = plan_response(response, kContext);
  EXPECT_TRUE(says(plan, "Content-Length: 3"));
  EXPECT_EQ(plan.head.find("99"), std::string::npos);
  EXPECT_EQ(plan.head.find("gzip"), std::string::npos);
  EXPECT_TRUE(says(plan_response(with_body(FileBody{{}, 5, 77}), kContext), "Content-Length: 77"));
  EXPECT_TRUE(says(plan_response(with_body(PullBody{{}, 6}), kContext), "Content-Length: 6"));
}

TEST(ResponsePlan, UnknownLengthsAreChunkedOrEndWithTheConnection) {
  const ResponsePlan plan = plan_response(with_body(PullBody{}), kContext);
  EXPECT_TRUE(plan.chunked);
  EXPECT_TRUE(plan.keep_alive);
  EXPECT_TRUE(says(plan, "Transfer-Encoding: chunked"));
  ResponseContext old = kContext;
  old.http10 = true;
  const ResponsePlan old_plan = plan_response(with_body(StreamBody{}), old);
  EXPECT_FALSE(old_plan.chunked);
  EXPECT_FALSE(old_plan.keep_alive);
  EXPECT_TRUE(says(old_plan, "Connection: close"));
}

TEST(ResponsePlan, BodilessStatusesSendNone) {
  const ResponsePlan gone = plan_response(with_body("abc", 204), kContext);
  EXPECT_FALSE(gone.send_body);
  EXPECT_EQ(gone.head.find("Content-Length"), std::string::npos);
  EXPECT_FALSE(plan_response(with_body("abc", 304), kContext).send_body);
}

TEST(ResponsePlan, SaysWhetherTheConnectionStays) {
  ResponseContext old = kContext;
  old.http10 = true;
  EXPECT_TRUE(says(plan_response(with_body("a"), old), "Connection: keep-alive"));
  ResponseContext last = kContext;
  last.keep_alive = false;
  EXPECT_TRUE(says(plan_response(with_body("a"), last), "Connection: close"));
  Response closes = with_body("a");
  closes.headers.add("Connection", "Close");
  EXPECT_FALSE(plan_response(closes, kContext).keep_alive);
}

TEST(ResponsePlan, RefusesLineBreaksInHeaders) {
  for (const std::string bad : {"a\r\nSet-Cookie: x", "a\nb", "a\rb"}) {
    Response response = with_body("");
    response.headers.add("X", bad);
    EXPECT_THROW(plan_response(response, kContext), Error);
  }
  Response response = with_body("");
  response.headers.add("X\r\nY", "1");
  EXPECT_THROW(plan_response(response, kContext), Error);
}

TEST(ResponsePlan, FramesChunks) {
  EXPECT_EQ(chunk_of("hello world, hello"), "12\r\nhello world, hello\r\n");
}

TEST(HttpDate, HasItsFixedForm) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace

}  // namespace trainyard::http
