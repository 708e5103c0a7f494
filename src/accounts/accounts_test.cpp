#include "accounts/accounts.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "accounts/session.hpp"
#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"

namespace trainyard::accounts {
namespace {

constexpr TimePoint kNow{Milliseconds(1'500'000'000'000)};
constexpr auto kDay = std::chrono::hours(24);
const Founder kFounder{"ann", Secret(std::string(32, 'k'))};

class AccountsTest : public ::testing::Test {
 protected:
  User add(const std::string& name, Role role = Role::User) {
    const User user{.name = name, .role = role, .created_at = kNow};
    accounts_.users->add(user);
    return user;
  }
  AccessToken token(const std::string& owner, Secret* secret = nullptr) {
    AccessToken made{.owner = owner, .name = "ci", .created_at = kNow, .expires_at = kNow + kDay};
    const Secret created = accounts_.tokens->create(made);
    if (secret) *secret = created;
    return made;
  }

  Accounts accounts_ = open_accounts(":memory:", kFounder, kNow);
};

TEST_F(AccountsTest, ANewDatabaseHasItsFounderAsAdmin) {
  const auto founder = accounts_.users->find("ann");
  ASSERT_TRUE(founder);
  EXPECT_EQ(founder->role, Role::Admin);
  EXPECT_TRUE(founder->password_hash.empty());
  EXPECT_FALSE(accounts_.users->find("bob"));
}

TEST_F(AccountsTest, UsersAreAddedChangedAndRemoved) {
  add("bob");
  EXPECT_EQ(kind_of([&] { add("bob"); }), ErrorKind::Conflict);
  for (const char* name : {"", "..", "a b", "a/b", "a\n"}) {
    EXPECT_EQ(kind_of([&] { add(name); }), ErrorKind::InvalidInput) << name;
  }
  const auto change = [](User& bob) {
    bob.role = Role::Viewer;
    bob.disabled = true;
    bob.generation = 3;
  };
  EXPECT_EQ(accounts_.users->change("bob", change).role, Role::Viewer);
  EXPECT_EQ(accounts_.users->list().size(), 2u);
  EXPECT_EQ(accounts_.users->find("bob")->generation, 3u);
  accounts_.users->remove("bob");
  EXPECT_EQ(kind_of([&] { accounts_.users->remove("bob"); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { accounts_.users->change("bob", change); }), ErrorKind::NotFound);
}

TEST_F(AccountsTest, AChangeThatThrowsLeavesTheUserAsTheyWere) {
  add("bob");
  const auto change = [](User& bob) {
    bob.disabled = true;
    throw Error(ErrorKind::Conflict, "no");
  };
  EXPECT_EQ(kind_of([&] { accounts_.users->change("bob", change); }), ErrorKind::Conflict);
  EXPECT_FALSE(accounts_.users->find("bob")->disabled);
}

TEST_F(AccountsTest, AUserThatIsMadeAnewHasAnotherGeneration) {
  add("bob");
  const auto first = accounts_.users->find("bob")->generation;
  accounts_.users->remove("bob");
  add("bob");
  const auto second = accounts_.users->find("bob")->generation;
  EXPECT_GT(std::max(first, second) - std::min(first, second), 1'000u) << "nor one counted up";
}

TEST_F(AccountsTest, TheLastAdminStays) {
  add("bob");
  const auto disable = [](User& user) { user.disabled = true; };
  EXPECT_EQ(kind_of([&] { accounts_.users->change("ann", disable); }), ErrorKind::Conflict);
  EXPECT_EQ(kind_of([&] { accounts_.users->remove("ann"); }), ErrorKind::Conflict);
  EXPECT_FALSE(accounts_.users->find("ann")->disabled);
  add("cy", Role::Admin);
  accounts_.users->change("ann", disable);
  EXPECT_EQ(kind_of([&] { accounts_.users->remove("cy"); }), ErrorKind::Conflict);
}

TEST_F(AccountsTest, ATokenIsFoundByItsSecretUntilItIsRevoked) {
  Secret secret;
  const auto made = token("ann", &secret);
  EXPECT_EQ(secret.reveal().size(), AccessTokens::kPrefix.size() + 40);
  const auto found = accounts_.tokens->find_secret(secret.reveal());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, made.id);
  EXPECT_EQ(found->owner, "ann");
  EXPECT_EQ(found->expires_at, kNow + kDay);
  EXPECT_FALSE(accounts_.tokens->find_secret(secret.reveal() + "x"));
  accounts_.tokens->revoke(made.id);
  EXPECT_FALSE(accounts_.tokens->find_secret(secret.reveal()));
  EXPECT_FALSE(accounts_.tokens->find(made.id));
  EXPECT_EQ(kind_of([&] { accounts_.tokens->revoke(made.id); }), ErrorKind::NotFound);
}

TEST_F(AccountsTest, TokensGoWithTheirOwnerAndAreLimited) {
  add("bob");
  token("bob");
  EXPECT_EQ(kind_of([&] { token("nobody"); }), ErrorKind::Conflict);
  accounts_.users->remove("bob");
  EXPECT_TRUE(accounts_.tokens->list().empty());
  for (std::size_t i = 0; i < AccessTokens::kMostOfOne; ++i) token("ann");
  EXPECT_EQ(kind_of([&] { token("ann"); }), ErrorKind::Conflict);
}

TEST(AccountsFile, KeepsEverythingAndNoSecretOfAToken) {
  TempDir dir;
  const auto path = dir.path() / "accounts.db";
  std::string secret;
  {
    auto accounts = open_accounts(path, kFounder, kNow);
    accounts.users->add({.name = "bob", .role = Role::Viewer, .password_hash = "$argon2id$x"});
    AccessToken token{.owner = "bob", .name = "ci", .expires_at = kNow};
    secret = accounts.tokens->create(token).reveal();
  }
  auto accounts = open_accounts(path, {"other", Secret("other")}, kNow);
  EXPECT_FALSE(accounts.users->find("other"));
  EXPECT_EQ(accounts.users->find("bob")->role, Role::Viewer);
  EXPECT_EQ(accounts.users->find("bob")->password_hash, "$argon2id$x");
  EXPECT_EQ(accounts.tokens->find_secret(secret)->owner, "bob");
  for (const auto& entry : fs::directory_iterator(dir.path())) {
    EXPECT_EQ(read_file(entry.path()).find(secret), std::string::npos) << entry.path();
    struct stat info {};
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << entry.path();
  }
}

TEST_F(AccountsTest, ASessionSaysWhoseItIs) {
  const Session session{.user = "ann", .generation = 2, .scope = Scope::Write, .access_token = "t"};
  const auto token = issue_session(*accounts_.keys, session, kNow);
  const auto read = read_session(*accounts_.keys, token.reveal(), kNow);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, "ann");
  EXPECT_EQ(read->generation, 2u);
  EXPECT_EQ(read->scope, Scope::Write);
  EXPECT_EQ(read->access_token, "t");
  EXPECT_EQ(read->expires, kNow + kSessionLifetime);
  auto changed = token.reveal();
  changed[changed.find('.') + 3] ^= 1;
  EXPECT_FALSE(read_session(*accounts_.keys, changed, kNow));
  for (const char* text : {"", ".", "a.b", "a.b.c", "..."}) {
    EXPECT_FALSE(read_session(*accounts_.keys, text, kNow)) << text;
  }
}

TEST_F(AccountsTest, ASessionEndsWithTheTokenItWasOpenedWith) {
  const Session session{.user = "ann", .expires = kNow + std::chrono::hours(1)};
  const auto token = issue_session(*accounts_.keys, session, kNow);
  EXPECT_EQ(read_session(*accounts_.keys, token.reveal(), kNow)->expires,
            kNow + std::chrono::hours(1));
}

TEST_F(AccountsTest, TheMiddleOfASessionIsPlainBase64) {
  for (int i = 0; i < 200; ++i) {
    const auto token = issue_session(*accounts_.keys, {.user = "a.n@n-" + std::to_string(i)}, kNow);
    const auto& text = token.reveal();
    const auto first = text.find('.');
    const auto middle = text.substr(first + 1, text.rfind('.') - first - 1);
    EXPECT_EQ(middle.find_first_of("-_"), std::string::npos);
  }
}

TEST_F(AccountsTest, SigningKeysRotateAndTheOldIsTakenForAsLongAsItsTokensLive) {
  const auto token = issue_session(*accounts_.keys, {.user = "ann"}, kNow).reveal();
  const auto header_of = [](const std::string& jwt) {
    return base64url_decode(jwt.substr(0, jwt.find('.')));
  };
  EXPECT_NE(header_of(token).find(R"("kid":"first")"), std::string::npos);
  const auto later = kNow + SigningKeys::kSigningAge;
  const auto newer = issue_session(*accounts_.keys, {.user = "ann"}, later).reveal();
  EXPECT_EQ(header_of(newer).find(R"("kid":"first")"), std::string::npos);
  EXPECT_TRUE(read_session(*accounts_.keys, token, later));
  const auto gone = later + SigningKeys::kAcceptedAfter;
  EXPECT_TRUE(read_session(*accounts_.keys, token, gone - Milliseconds(1)));
  EXPECT_FALSE(read_session(*accounts_.keys, token, gone));
  EXPECT_TRUE(read_session(*accounts_.keys, newer, gone));
}

TEST(AccountsFile, KeepsTheSigningKeysOverARestart) {
  TempDir dir;
  const auto path = dir.path() / "accounts.db";
  const auto later = kNow + SigningKeys::kSigningAge;
  std::string old_token, token;
  {
    auto accounts = open_accounts(path, kFounder, kNow);
    old_token = issue_session(*accounts.keys, {.user = "ann"}, kNow).reveal();
    token = issue_session(*accounts.keys, {.user = "ann"}, later).reveal();
  }
  auto accounts = open_accounts(path, kFounder, later);
  EXPECT_TRUE(read_session(*accounts.keys, old_token, later));
  EXPECT_TRUE(read_session(*accounts.keys, token, later));
}

TEST_F(AccountsTest, TakesTheSessionsThatWereSignedBeforeKeysRotated) {
  // {"alg":"HS256","typ":"JWT"} . {"exp":1500003600,"iat":1500000000,"jti":"x","sub":"ann"}
  const std::string signed_part =
      base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." +
      base64url_encode(R"({"exp":1500003600,"iat":1500000000,"jti":"x","sub":"ann"})");
  const auto token =
      signed_part + "." + base64url_encode(hmac_sha256(kFounder.signing_key.reveal(), signed_part));
  const auto session = read_session(*accounts_.keys, token, kNow);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->user, "ann");
  EXPECT_EQ(session->generation, 0u);
  EXPECT_EQ(session->scope, Scope::Admin);
}

}  // namespace
}  // namespace trainyard::accounts
