#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace trainyard {
namespace {

TEST(RandomUuid, HasTheFormOfVersion4) {
  for (int i = 0; i < 50; ++i) {
    const std::string uuid = random_uuid();
    ASSERT_EQ(uuid.size(), 36u);
    for (std::size_t at = 0; at < uuid.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      const std::string_view allowed = dash ? "-" : "0123456789abcdef";
      EXPECT_NE(allowed.find(uuid[at]), std::string_view::npos) << uuid;
    }
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_NE(std::string_view("89ab").find(uuid[19]), std::string_view::npos) << uuid;
  }
}

TEST(RandomIds, HaveTheGivenLengths) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(1'000).size(), 1'000u);
  EXPECT_EQ(random_hex(8).size(), 16u);
  EXPECT_EQ(random_alphanumeric(9).size(), 9u);
  EXPECT_EQ(random_alphanumeric(0), "");
}

TEST(RandomIds, UseTheirWholeAlphabetAndNothingElse) {
  const std::string alphanumeric = random_alphanumeric(10'000);
  const std::set<char> of_alphanumeric(alphanumeric.begin(), alphanumeric.end());
  EXPECT_EQ(of_alphanumeric.size(), 62u);
  EXPECT_FALSE(of_alphanumeric.contains('_') || of_alphanumeric.contains('-'));
}

TEST(RandomIds, DoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random_alphanumeric(9));
  EXPECT_EQ(seen.size(), 1'000u);
}

}  // namespace
}  // namespace trainyard
