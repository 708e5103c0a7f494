#include "repository/columns.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"

namespace trainyard::repository {
namespace {

TEST(Columns, LinesReadBackAlsoEmptyOnes) {
  db::Connection connection({.path = ":memory:"});
  db::Statement& echo = connection.prepare("SELECT ?");
  for (const std::vector<std::string>& lines :
       std::vector<std::vector<std::string>>{{}, {""}, {"a"}, {"a", "", "b"}, {"", ""}}) {
    ParameterWriter(echo).put(lines);
    ASSERT_TRUE(echo.step());
    EXPECT_EQ(ColumnReader(echo).lines(), lines);
    echo.reset();
  }
}

TEST(Columns, FractionsReadBackExactly) {
  for (const double value :
       {0.1, 1.0 / 3, 1e-300, 123456789.123456789, 4.0, std::numeric_limits<double>::max()}) {
    EXPECT_EQ(parse_real(format_real(value)), value);
  }
  EXPECT_THROW(parse_real("x"), Error);
  EXPECT_THROW(parse_real("1.5 "), Error);
}

}  // namespace
}  // namespace trainyard::repository
