#include "http/forwarded.hpp"

#include <gtest/gtest.h>

namespace trainyard::http {
namespace {

std::string peer(const std::string& value) {
  return forwarded_peer({{"X-Forwarded-For", value}}).value_or("none");
}

TEST(ForwardedPeer, IsTheLastThatTheHeaderLists) {
  EXPECT_EQ(peer("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(peer("10.0.0.1, 192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(peer("nonsense,192.0.2.1 "), "192.0.2.1");
  EXPECT_EQ(forwarded_peer({{"x-forwarded-for", "10.0.0.1"}, {"X-Forwarded-For", "192.0.2.1"}}),
            "192.0.2.1");
  EXPECT_EQ(forwarded_peer({}), std::nullopt);
}

TEST(ForwardedPeer, MayHaveAPort) {
  EXPECT_EQ(peer("192.0.2.1:51234"), "192.0.2.1:51234");
  EXPECT_EQ(peer("[2001:db8::1]:443"), "[2001:db8::1]:443");
  EXPECT_EQ(peer("192.0.2.1:x"), "192.0.2.1");
  EXPECT_EQ(peer("192.0.2.1:65536"), "192.0.2.1");
}

TEST(ForwardedPeer, IsWrittenInOneWay) {
  EXPECT_EQ(peer("2001:DB8:0:0::1"), "[2001:db8::1]");
  EXPECT_EQ(peer("[2001:db8::1]"), "[2001:db8::1]");
}

TEST(ForwardedPeer, IsNoneWhenThatIsNoAddress) {
  for (const char* value : {"", " ", "192.0.2.1,", "unknown", "_hidden", "host:80", "[", "[]",
                            "[]:1", "[2001:db8::1", "[2001:db8::1]x", "192.0.2", "::1%lo"}) {
    EXPECT_EQ(peer(value), "none") << value;
  }
}

}  // namespace
}  // namespace trainyard::http
