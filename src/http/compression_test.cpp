#include "http/compression.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "http/testing.hpp"

namespace trainyard::http {
namespace {

std::string gunzip(const std::string& bytes) {
  std::string result(1 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  inflateEnd(&stream);
  return result;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST(Compression, TakesGzipForWhatTheClientSays) {
  const auto takes = [](const std::string& value) {
    return accepts_gzip(Headers{{"Accept-Encoding", value}});
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
  EXPECT_FALSE(accepts_gzip(Headers{}));
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
  EXPECT_EQ(gunzip(packed.body), long_text());
  const auto plain = get("/", "");
  EXPECT_FALSE(plain.headers.get("Content-Encoding"));
  EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain.body, long_text());
  EXPECT_EQ(get("/short", "gzip").body, "short");
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
