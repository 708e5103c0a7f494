#include "http/server.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/client.hpp"
#include "http/testing.hpp"

namespace trainyard::http {

namespace {

using testing::start;
using testing::text;
using testing::url_of;

TEST(Server, AnswersWithWhatTheHandlerReturns) {
  const auto server = start([](Request& request) {
    Response response = text(request.method + " " + request.path + " " + request.raw_query);
    response.status = 201;
    response.headers.add("X-Mine", "yes");
    return response;
  });
  const auto client = make_client();
  ClientRequest request;
  request.url = url_of(*server, "/a%20b?x=1");
  const ClientResponse response = client->send(request);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "GET /a b x=1");
  EXPECT_EQ(response.headers.get("X-Mine"), "yes");
  EXPECT_TRUE(response.headers.get("X-Request-Id"));
}

TEST(Server, HandsTheBodyToTheHandler) {
  const auto server = start([](Request& request) { return text(request.body->read_all(100)); });
  const auto client = make_client();
  const auto body = body_of("hello");
  ClientRequest request;
  request.method = "PUT";
  request.url = url_of(*server, "/");
  request.body = body.get();
  EXPECT_EQ(client->send(request).body, "hello");
  EXPECT_EQ(client->send(request).body, "hello");
}

}  // namespace

}  // namespace trainyard::http
