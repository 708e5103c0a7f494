#include "http/url.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace trainyard::http {

namespace {

TEST(Url, TakesTheTargetAsWritten) {
  const Url url = parse_url("http://host:8080/bucket//a/../b%2F+?x=%20&y");
  EXPECT_EQ(url.scheme, "http");
  EXPECT_EQ(url.host, "host");
  EXPECT_EQ(url.port, 8080);
  EXPECT_EQ(url.target, "/bucket//a/../b%2F+?x=%20&y");
  EXPECT_EQ(url.authority(), "host:8080");
}

TEST(Url, FillsPortAndPathIn) {
  EXPECT_EQ(parse_url("http://h").port, 80);
  EXPECT_EQ(parse_url("https://h").port, 443);
  EXPECT_EQ(parse_url("wss://h").port, 443);
  EXPECT_EQ(parse_url("http://h").target, "/");
  EXPECT_EQ(parse_url("http://h?a=1").target, "/?a=1");
}

TEST(Url, DropsTheFragment) { EXPECT_EQ(parse_url("http://h/a?b#c").target, "/a?b"); }

TEST(Url, TakesIpv6Hosts) {
  const Url url = parse_url("http://[::1]:9/a");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.authority(), "[::1]:9");
}

TEST(Url, RefusesWhatItCannotUse) {
  for (const char* bad : {"", "host/path", "ftp://h/", "file:///etc/passwd", "http://", "http:///a",
                          "http:/a", "http://h/a b", "http://h/\r\nX: y", "http://h:99999/",
                          "http://h:x/", "http://h:0/", "http://user:pw@h/"}) {
    EXPECT_THROW(
        {
          try {
            parse_url(bad);
          } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::InvalidInput) << bad;
            throw;
          }
        },
        Error)
        << bad;
  }
}

TEST(Url, KeepsTheQueryOutOfErrors) {
  try {
    parse_url("gopher://h/?X-Amz-Signature=secret");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
  }
}

TEST(Url, KnowsLoopback) {
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("127.8.9.1"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("128.0.0.1"));
  EXPECT_FALSE(is_loopback("localhost.example.com"));
}

}  // namespace

}  // namespace trainyard::http
