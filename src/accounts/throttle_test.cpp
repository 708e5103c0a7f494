#include "accounts/throttle.hpp"

#include <gtest/gtest.h>

namespace trainyard::accounts {
namespace {

constexpr TimePoint kNow{Milliseconds(1'500'000'000'000)};
constexpr Milliseconds kSecond{1000};

TEST(Throttle, LetsABurstThroughAndThenOneEachRefill) {
  Throttle throttle({.burst = 3, .refill = 10 * kSecond});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(throttle.take("ann", kNow));
  EXPECT_EQ(throttle.take("ann", kNow), 10 * kSecond);
  EXPECT_EQ(throttle.take("ann", kNow + 4 * kSecond), 6 * kSecond);
  EXPECT_FALSE(throttle.take("bob", kNow));
  EXPECT_FALSE(throttle.take("ann", kNow + 10 * kSecond));
  EXPECT_TRUE(throttle.take("ann", kNow + 10 * kSecond));
}

TEST(Throttle, CountsNoTryThatIsGivenBack) {
  Throttle throttle({.burst = 1, .refill = 10 * kSecond});
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(throttle.take("ann", kNow));
    throttle.give_back("ann");
  }
  EXPECT_FALSE(throttle.take("ann", kNow));
  EXPECT_TRUE(throttle.take("ann", kNow));
}

TEST(Throttle, ForgetsTheKeyThatWasUsedLongestAgoWhenThereAreTooMany) {
  Throttle throttle({.burst = 1, .refill = 10 * kSecond, .most_keys = 3});
  for (const char* key : {"a", "b", "c"}) EXPECT_FALSE(throttle.take(key, kNow));
  EXPECT_TRUE(throttle.take("a", kNow));
  EXPECT_FALSE(throttle.take("d", kNow));  // in place of b
  EXPECT_EQ(throttle.keys(), 3u);
  EXPECT_TRUE(throttle.take("a", kNow));
  EXPECT_FALSE(throttle.take("b", kNow));
}

TEST(Throttle, TakesAnAddressWithoutItsPortAndACustomersNetworkAsOne) {
  EXPECT_EQ(throttle_key_of("127.0.0.1:51234"), "127.0.0.1");
  EXPECT_EQ(throttle_key_of("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(throttle_key_of("[::ffff:127.0.0.1]:51234"), "127.0.0.1");
  EXPECT_EQ(throttle_key_of("[2001:db8:0:1::1]"), throttle_key_of("[2001:db8:0:1::2]:443"));
  EXPECT_EQ(throttle_key_of("[2001:db8:0:1::1]:443"), throttle_key_of("[2001:db8:0:1:2:3:4:5]:1"));
  EXPECT_NE(throttle_key_of("[2001:db8:0:1::1]:443"), throttle_key_of("[2001:db8:0:2::1]:443"));
}

}  // namespace
}  // namespace trainyard::accounts
