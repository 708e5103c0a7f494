#include "base/secret.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>
#include <utility>

namespace trainyard {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!Streamable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, RevealsItsValueOnlyWhenAsked) {
  const Secret secret("hunter2");
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, ComparesByValue) {
  EXPECT_TRUE(Secret("a") == Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
  EXPECT_FALSE(Secret("a") == Secret("aa"));
}

TEST(Secret, CopiesAndMoves) {
  Secret first("a longer secret that does not fit into the object itself");
  Secret copy = first;
  EXPECT_TRUE(copy == first);
  Secret moved = std::move(first);
  EXPECT_TRUE(moved == copy);
  copy = Secret("short");
  EXPECT_EQ(copy.reveal(), "short");
  copy = moved;
  EXPECT_TRUE(moved == copy);
  Secret& itself = copy;
  copy = itself;
  EXPECT_TRUE(moved == copy);
}

// A short string lives in the object, where a plain move would leave its characters.
TEST(Secret, MovedFromKeepsNoBytes) {
  Secret first("hunter2");
  const Secret second = std::move(first);
  const std::string& rest = first.reveal();  // NOLINT: what is left is the point
  EXPECT_TRUE(rest.empty());
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(rest.data()[i], '\0') << i;
}

TEST(Secret, AssignedOverKeepsNoBytes) {
  Secret secret(std::string(15, 'x'));
  secret = Secret("a");
  const char* bytes = secret.reveal().data();
  EXPECT_EQ(bytes[0], 'a');
  for (std::size_t i = 1; i < 15; ++i) EXPECT_EQ(bytes[i], '\0') << i;
}

}  // namespace
}  // namespace trainyard
