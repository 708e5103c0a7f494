#include "http/compression.hpp"

#include <gtest/gtest.h>

#include "http/testing.hpp"

namespace trainyard::http {
namespace {

std::string long_text() {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST(Compression, TakesGzipForWhatTheClientSays) {
  const auto takes = [](const std::string& value) {
    Request request;
    request.headers.add("Accept-Encoding", value);
    return accepts_gzip(request);
  };
  EXPECT_TRUE(takes("gzip"));
  EXPECT_TRUE(takes("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(takes("br;q=1, *"));
  EXPECT_TRUE(takes("gzip; q=0.001"));
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(takes("identity"));
  EXPECT_FALSE(takes("gzip;q=0"));
  EXPECT_FALSE(takes("*, gzip;Q=0.000"));
  EXPECT_FALSE(takes("*;q=0"));
  EXPECT_FALSE(accepts_gzip(Request{}));
}

TEST(Compression, ServesLongTextsShorterToThoseWhoTakeIt) {
  const auto server = testing::start(
      [](Request& request) {
        Response response = testing::text(request.path == "/short" ? "short" : long_text());
        response.headers.set("Content-Type",
                             request.path == "/zip" ? "application/zip" : "text/plain");
        return response;
      },
      {.compress = true});
  const auto get = [&](const std::string& path, const std::string& accept) {
    ClientRequest request;
    request.url = testing::url_of(*server, path);
    if (!accept.empty()) request.headers.add("Accept-Encoding", accept);
    return make_client()->send(request);
  };
  const auto packed = get("/", "gzip");
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.headers.get("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), long_text().size() / 3);
  EXPECT_EQ(testing::gunzip(packed.body), long_text());
  const auto plain = get("/", "");
  EXPECT_FALSE(plain.headers.get("Content-Encoding"));
  EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain.body, long_text());
  EXPECT_EQ(get("/short", "gzip").body, "short");
  ClientRequest request;
  request.url = testing::url_of(*server, "/");
  request.compressed = true;
  const auto unpacked = make_client()->send(request);
  EXPECT_EQ(unpacked.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(unpacked.body, long_text());
  EXPECT_EQ(get("/zip", "gzip").body, long_text());
}

TEST(Compression, IsOffUnlessAskedFor) {
  const auto server = testing::start([](Request&) { return testing::text(long_text()); });
  ClientRequest request;
  request.url = testing::url_of(*server, "/");
  request.headers.add("Accept-Encoding", "gzip");
  const auto response = make_client()->send(request);
  EXPECT_FALSE(response.headers.get("Content-Encoding"));
  EXPECT_EQ(response.body, long_text());
}

}  // namespace
}  // namespace trainyard::http
