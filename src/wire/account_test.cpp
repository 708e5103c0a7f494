#include "wire/account.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace trainyard::wire {
namespace {

constexpr TimePoint kNow{Milliseconds(1'500'000'000'000)};

TEST(AccountJson, ShowsAUserAndAPasswordOnlyWhenThereIsOne) {
  UserView user{"ann", "viewer", true, kNow, Secret()};
  EXPECT_EQ(encode(user), R"({"name":"ann","role":"viewer","disabled":true,)"
                          R"("created_at":"2017-07-14T02:40:00.000Z"})");
  user.password = Secret("made-up");
  const auto read = decode_user(encode(user));
  EXPECT_EQ(read.name, "ann");
  EXPECT_TRUE(read.disabled);
  EXPECT_EQ(read.created_at, kNow);
  EXPECT_EQ(read.password.reveal(), "made-up");
}

TEST(AccountJson, ARequestSaysWhatItLeavesAlone) {
  const auto request = decode_user_request(R"({"role":"admin","password":null})");
  EXPECT_EQ(request.role, "admin");
  EXPECT_FALSE(request.disabled);
  EXPECT_TRUE(request.password.empty());
  UserRequest disable;
  disable.disabled = true;
  EXPECT_EQ(encode(disable), R"({"disabled":true})");
  EXPECT_THROW(decode_user_request(R"({"disabled":"yes"})"), Error);
  EXPECT_THROW(decode_user_request("[]"), Error);
}

TEST(AccountJson, ATokenRequestHasDefaults) {
  const auto request = decode_token_request(R"({"name":"ci"})");
  EXPECT_EQ(request.scope, "read");
  EXPECT_EQ(request.days, 90u);
  EXPECT_THROW(decode_token_request(R"({"days":-1})"), Error);
}

TEST(AccountJson, ListsAreReadBack) {
  const TokenView token{"id1", "ann", "ci", "write", kNow, kNow, Secret()};
  const auto tokens = decode_account_tokens(encode_resources({encode(token), encode(token)}));
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[1].scope, "write");
  const AuditEntry entry{.at = kNow,
                         .actor = "ann",
                         .credential = "session",
                         .peer = "127.0.0.1:1",
                         .action = "PATCH /v3/users/{name}",
                         .target = "/v3/users/bob",
                         .change = "role viewer",
                         .status = 200,
                         .request_id = "r"};
  const auto entries = decode_audit(encode_resources({encode(entry)}));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].target, "/v3/users/bob");
  EXPECT_EQ(entries[0].change, "role viewer");
  EXPECT_EQ(entries[0].status, 200);
}

}  // namespace
}  // namespace trainyard::wire
