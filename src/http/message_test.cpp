#include "http/message.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace trainyard::http {

namespace {

using Items = std::vector<std::pair<std::string, std::string>>;

TEST(Headers, CompareNamesWithoutCase) {
  const Headers headers{{"Content-Type", "text/plain"}};
  EXPECT_EQ(headers.get("content-type"), "text/plain");
  EXPECT_EQ(headers.get("Content"), std::nullopt);
}

TEST(Headers, KeepDuplicatesInOrder) {
  Headers headers;
  headers.add("A", "1");
  headers.add("B", "2");
  headers.add("a", "3");
  EXPECT_EQ(headers.get("A"), "1");
  EXPECT_EQ(headers.get_all("a"), (std::vector<std::string>{"1", "3"}));
}

TEST(Headers, SetLeavesOneInTheFirstPlace) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("A", "4");
  headers.set("C", "5");
  EXPECT_EQ(headers.items(), (Items{{"A", "4"}, {"B", "2"}, {"C", "5"}}));
}

TEST(Headers, EraseTakesEveryOne) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.erase("a");
  EXPECT_EQ(headers.items(), (Items{{"B", "2"}}));
}

TEST(Headers, ListTokens) {
  const Headers headers{{"Connection", "keep-alive, Upgrade"}, {"connection", "close"}};
  EXPECT_TRUE(lists_token(headers, "Connection", "upgrade"));
  EXPECT_TRUE(lists_token(headers, "Connection", "close"));
  EXPECT_FALSE(lists_token(headers, "Connection", "keep"));
}

TEST(Query, DecodesNamesAndValuesInOrder) {
  const Query query = Query::parse("prefix=a%2Fb+c&list-type=2&%64=%C3%A9");
  EXPECT_EQ(query.items(), (Items{{"prefix", "a/b c"}, {"list-type", "2"}, {"d", "\xC3\xA9"}}));
}

TEST(Query, NamesWithoutValueAreEmpty) {
  const Query query = Query::parse("uploads&acl=");
  EXPECT_EQ(query.get("uploads"), "");
  EXPECT_EQ(query.get("acl"), "");
  EXPECT_FALSE(query.has("delete"));
}

TEST(Query, TakesOddTextAsItIs) {
  const Query query = Query::parse("&&a=1=2&=x&b=%zz%4");
  EXPECT_EQ(query.items(), (Items{{"a", "1=2"}, {"", "x"}, {"b", "%zz%4"}}));
}

TEST(Query, GivesTheFirstOfAName) { EXPECT_EQ(Query::parse("a=1&a=2").get("a"), "1"); }

TEST(ReasonPhrase, KnowsTheUsualStatusesAndOthersNot) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(416), "Range Not Satisfiable");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace

}  // namespace trainyard::http
