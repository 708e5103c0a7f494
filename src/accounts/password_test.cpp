#include "accounts/password.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/error.hpp"

namespace trainyard::accounts {
namespace {

TEST(Password, IsKeptAsArgon2idWithASaltOfItsOwn) {
  const Secret password("correct horse");
  const auto hash = hash_password(password);
  EXPECT_EQ(hash.rfind("$argon2id$v=19$m=19456,t=2,p=1$", 0), 0u) << hash;
  EXPECT_NE(hash, hash_password(password));
  EXPECT_TRUE(verify_password(hash, password));
  EXPECT_FALSE(verify_password(hash, Secret("correct horsf")));
}

TEST(Password, OfNobodyIsNeverRight) {
  EXPECT_FALSE(verify_password("", Secret("no one has this password")));
  EXPECT_FALSE(verify_password("", Secret("")));
  EXPECT_FALSE(verify_password("no hash", Secret("anything at all")));
}

TEST(Password, HasALengthThatIsChecked) {
  EXPECT_THROW(check_password(Secret("short")), Error);
  EXPECT_THROW(check_password(Secret(std::string(kMostPassword + 1, 'x'))), Error);
  EXPECT_NO_THROW(check_password(Secret(std::string(kLeastPassword, 'x'))));
  const auto hash = hash_password(Secret("correct horse"));
  EXPECT_FALSE(verify_password(hash, Secret(std::string(kMostPassword + 1, 'x'))));
}

TEST(Password, ManyAtOnceAllGetTheirAnswer) {
  const auto hash = hash_password(Secret("correct horse"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&hash, i] {
      const bool right = i % 2 == 0;
      EXPECT_EQ(verify_password(hash, Secret(right ? "correct horse" : "wrong horse")), right);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace trainyard::accounts
